"""How LLVM's lit runs our textual tests: through the shell, our programs and LLVM's first on the PATH."""
import os
import shutil

import lit.formats

config.name = config.quern_name
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".qn"]
# Inputs that other tests name lie in such folders and have no RUN line of their own.
config.excludes = ["inputs", "Inputs"]
config.test_source_root = config.quern_source
config.test_exec_root = os.path.join(config.quern_site, "out")
config.environment["PATH"] = os.pathsep.join(config.quern_tools + [os.environ["PATH"]])
# A failing RUN line shows what FileCheck saw around the failure.
config.environment["FILECHECK_OPTS"] = "--dump-input-filter=error --dump-input-context=5"
config.substitutions.append(("%source_dir", config.quern_top))
# Runs the script of a page; there are tests that ask for it (REQUIRES: node), and do not run without.
if shutil.which("node"):
    config.available_features.add("node")
