{
  "targets": [
    {
      "target_name": "kvnest_native",
      "sources": [
        "src/addon.cc",
        "src/block_functions.cc",
        "src/byte_shuffle.cc",
        "src/call_threads.cc",
        "src/crc32c.cc",
        "src/crc32c_arm.cc",
        "src/crc32c_polynomial.cc",
        "src/crc32c_x86.cc",
        "src/digest.cc",
        "src/file_lock.cc",
        "src/file_reads.cc",
        "src/held_regions.cc",
        "src/key_index.cc",
        "src/key_match.cc",
        "src/mooncake_library.cc",
        "src/mooncake_object.cc",
        "src/mooncake_store.cc",
        "src/nixl/agent_object.cc",
        "src/nixl/agent_thread.cc",
        "src/nixl/environment.cc",
        "src/nixl/exit_guard.cc",
        "src/nixl/library.cc",
        "src/nixl/scratch.cc",
        "src/nixl/session.cc",
        "src/nixl/transfers.cc",
        "src/pipe.cc",
        "src/region.cc",
        "src/region_object.cc",
        "src/scaled_block.cc",
        "src/scaled_numbers.cc",
        "src/socket_options.cc",
        "src/thread_calls.cc",
        "src/thread_work.cc"
      ],
      "libraries": ["-ldl"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags": ["-Wall", "-Wextra", "-Wno-unused-parameter", "-fvisibility=hidden"],
      "cflags_cc": ["-std=c++20", "-fno-exceptions", "-ffp-contract=off"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "configurations": { "Release": { "cflags": ["-O3"] } }
    }
  ]
}
