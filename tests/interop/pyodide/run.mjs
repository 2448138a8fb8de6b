// Runs a Python program in CPython compiled to WebAssembly; folders of this machine are mounted as
// the entries of its path. Usage: node run.mjs FOLDER... < program
import { readFileSync } from "node:fs";
import { loadPyodide } from "pyodide";

const python = await loadPyodide();
const folders = process.argv.slice(2).map((root, number) => {
  const mounted = `/mounted/${number}`;
  python.FS.mkdirTree(mounted);
  python.FS.mount(python.FS.filesystems.NODEFS, { root }, mounted);
  return mounted;
});
python.runPython(`import sys; sys.path += ${JSON.stringify(folders)}`);
python.runPython(readFileSync(0, "utf8"));
