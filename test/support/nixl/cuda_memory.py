"""Memory of the first GPU, by the driver alone: there is no CUDA toolkit in the tests."""

import ctypes


class CudaMemory:
    def __init__(self, length):
        self._cuda = ctypes.CDLL("libcuda.so.1")
        self.length = length
        device, context, pointer = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
        self._call("cuInit", 0)
        self._call("cuDeviceGet", ctypes.byref(device), 0)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self._call("cuCtxSetCurrent", context)
        self._call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(length))
        self.address = pointer.value

    def write(self, data):
        """From its start on; `data` is a numpy array of bytes."""
        source = ctypes.c_void_p(data.ctypes.data)
        self._call("cuMemcpyHtoD_v2", self._at(0), source, ctypes.c_size_t(data.nbytes))
        self._call("cuCtxSynchronize")

    def read(self, offset, length):
        """The bytes, as they are on the GPU now."""
        data = ctypes.create_string_buffer(length)
        self._call("cuMemcpyDtoH_v2", data, self._at(offset), ctypes.c_size_t(length))
        return data.raw

    def _at(self, offset):
        return ctypes.c_uint64(self.address + offset)

    def _call(self, name, *arguments):
        status = getattr(self._cuda, name)(*arguments)
        if status != 0:
            raise RuntimeError(f"{name}: CUDA error {status}")
