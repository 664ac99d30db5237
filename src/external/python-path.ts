const FILE = /\.pyc?$/i;
const DOTTED = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/;
const FILE_OF_NODE = /\.([cm]?[jt]s|json|node)$/i;

/** Whether a module path that leads nowhere is one of Python: `my_pkg.backends`, or a file of it. */
export function looksLikePython(modulePath: string): boolean {
  return isPythonFile(modulePath) || (DOTTED.test(modulePath) && !FILE_OF_NODE.test(modulePath));
}

export function isPythonFile(modulePath: string): boolean {
  return FILE.test(modulePath);
}
