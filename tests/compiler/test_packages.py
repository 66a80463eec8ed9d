"""A bundle in other builds: two models in one program, CMake, Zephyr, Arduino, the example."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import cmake
import numpy as np
import pytest
from bundles import change_bundle
from click.testing import CliRunner
from elftools.elf.elffile import ELFFile
from onnx import load, save

from sensor_bnn.cli.compile import command
from sensor_bnn.compiler import library
from sensor_bnn.compiler.cache import bundle_files
from sensor_bnn.compiler.compiled import Bundle
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.symbols import c_prefix
from sensor_bnn.compiler.targets import find_target, list_targets
from sensor_bnn.errors import ModelError, ToolError

HERE = Path(__file__).parent
CMAKE = Path(cmake.CMAKE_BIN_DIR) / "cmake"
M7 = ["arm-none-eabi-gcc", *find_target("cortex-m7").gcc]
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror"]


def run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def compiled(mlp_onnx, tmp_path):
    """``compiled(name, target, **sizes)``: a bundle of a model of that name.

    With ``checked`` the model is not compared with its file, because it is in another test.
    """

    def make(name: str, target: str, *, checked: bool = False, **sizes: int) -> Bundle:
        path = mlp_onnx(**sizes)
        model = load(path)
        model.graph.name = name
        save(model, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if checked else None
        return compile_model(path, target, tmp_path / f"{c_prefix(name)}-{target}", checked=digest)

    return make


def symbols(archive: Path, folder: Path) -> tuple[set[str], set[str]]:
    """Return the global symbols of an archive: those that it defines, and those that it does not define."""
    folder.mkdir()
    run("ar", "x", archive.resolve(), cwd=folder)
    defined, needed = set(), set()
    for path in folder.glob("*.o"):
        with path.open("rb") as file:
            for symbol in ELFFile(file).get_section_by_name(".symtab").iter_symbols():
                if symbol.name and symbol["st_info"]["bind"] == "STB_GLOBAL":
                    (needed if symbol["st_shndx"] == "SHN_UNDEF" else defined).add(symbol.name)
    return defined, needed - defined


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("target", [target.name for target in list_targets()])
def test_library_needs_memcpy_and_memset_and_owns_its_names(target, compiled, tmp_path):
    # Layers of 64 outputs have their weights in the order of the kernels where a target has such kernels.
    bundle = compiled("two-words", target, tokens=17, width=64, hidden=128, checked=target != "host")
    assert bundle.metadata.library == "libtwo_words.a"
    defined, needed = symbols(bundle.folder / "libtwo_words.a", tmp_path / "objects")
    ours = re.compile(r"two_words_\w+|sbnn_[0-9a-f]{8}_\w+")
    assert {name for name in defined if not ours.fullmatch(name)} == set()
    helpers = {name for name in needed if name.startswith("__")}
    # The table belongs to position-independent code, and the linker makes it.
    assert needed - helpers <= {"memcpy", "memset", "_GLOBAL_OFFSET_TABLE_"}
    facts = find_target(target)
    if helpers:  # functions of GCC for operations without an instruction on the core
        assert target not in ("cortex-m4", "cortex-m7", "cortex-m55", "cortex-a53", "host")
        libgcc = run(facts.compiler, *facts.gcc, "-print-libgcc-file-name").strip()
        assert helpers <= set(run("nm", "--defined-only", "-f", "posix", libgcc).split())


BOTH = """
#include "first_one.h"
#include "second_one.h"
#include <stdio.h>
#include <string.h>
#define RUN(model, MODEL) \\
    static _Alignas(MODEL##_ALIGNMENT) unsigned char model##_memory[MODEL##_MEMORY_BYTES]; \\
    static int run_##model(void) { \\
        model##_model m; \\
        if (model##_init(&m, model##_memory + 1, sizeof model##_memory) == 0 || \\
            model##_init(&m, model##_memory, sizeof model##_memory - 1) == 0 || \\
            model##_init(&m, model##_memory, sizeof model##_memory) != 0) { \\
            return 1; \\
        } \\
        for (int i = 0; i < MODEL##_INPUT_COUNT; i++) { \\
            model##_input(&m)[i] = (float)(i % 9 - 4) / 8; \\
        } \\
        model##_invoke(&m); \\
        for (int i = 0; i < MODEL##_OUTPUT_COUNT; i++) { \\
            unsigned bits; \\
            memcpy(&bits, &model##_output(&m)[i], sizeof bits); \\
            printf("%u ", bits); \\
        } \\
        return 0; \\
    }
RUN(first_one, FIRST_ONE)
RUN(second_one, SECOND_ONE)
int main(void) { return run_first_one() + run_second_one(); }
"""


def both(compiled, target: str) -> list[Bundle]:
    """Two models whose layers have the same shapes but other weights, and one more kernel in the second."""
    return [
        compiled("first one", target, tokens=17, seed=1),
        compiled("Second-one", target, tokens=17, hidden=71, seed=2),
    ]


def parts(bundles: list[Bundle]) -> list[object]:
    folders = [bundle.folder for bundle in bundles]
    return [
        *(f"-I{folder}" for folder in folders),
        "main.c",
        *(folder / bundle.metadata.library for folder, bundle in zip(folders, bundles, strict=True)),
    ]


@pytest.mark.usefixtures("long_compile")
def test_two_models_in_one_program_compute_what_each_computes_alone(compiled, tmp_path):
    bundles = both(compiled, "host")
    (tmp_path / "main.c").write_text(BOTH)
    run("gcc", *STRICT, "-o", "main", *parts(bundles), cwd=tmp_path)
    said = np.array(run(tmp_path / "main").split(), np.uint32).view(np.float32).tolist()
    want = []
    for bundle in bundles:
        shape = bundle.metadata.input.shape
        window = ((np.arange(np.prod(shape)) % 9 - 4) / 8).astype(np.float32).reshape(shape)
        want += HostModel(bundle.folder).infer(window).reshape(-1).tolist()
    assert said == want and len(set(want)) > 3


def start_on_m7(folder: Path, *sources: object, target: str = "cortex-m7") -> str:
    """Link a program with newlib's semihosting and run it on an emulated Cortex-M7."""
    script = ["-T", HERE / "semihosted.ld", "--specs=rdimon.specs", "-Wl,--gc-sections"]
    flags = ["-Wl,--no-warn-rwx-segments", "-O2"]
    gcc = ["arm-none-eabi-gcc", *find_target(target).gcc]
    run(*gcc, *STRICT, *flags, *script, "-o", "main.elf", HERE / "semihosted.c", *sources, cwd=folder)
    machine = ["qemu-system-arm", "-machine", "mps2-an500", "-display", "none", "-monitor", "none"]
    machine += ["-serial", "none", "-semihosting-config", "enable=on,target=native"]
    return run(*machine, "-kernel", folder / "main.elf")


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_two_models_in_one_firmware_compute_what_the_host_computes(compiled, tmp_path):
    (tmp_path / "main.c").write_text(BOTH)
    run("gcc", "-o", "main", *parts(both(compiled, "host")), cwd=tmp_path)
    assert start_on_m7(tmp_path, *parts(both(compiled, "cortex-m7"))) == run(tmp_path / "main")


@pytest.mark.usefixtures("cross_compiler")
def test_the_weights_go_to_a_section_that_is_named(compiled, tmp_path):
    bundle = compiled("mlp", "cortex-m7")
    sections = {}
    for name, flags in {"flash": [], "ram": ['-DSBNN_WEIGHTS_SECTION=".fast"']}.items():
        run(*M7, *STRICT, *flags, "-c", bundle.folder / "weights.c", "-o", tmp_path / f"{name}.o")
        with (tmp_path / f"{name}.o").open("rb") as file:
            elf = ELFFile(file)
            sections[name] = {
                elf.get_section(symbol["st_shndx"]).name
                for symbol in elf.get_section_by_name(".symtab").iter_symbols()
                if symbol["st_info"]["type"] == "STT_OBJECT"
            }
    assert sections["ram"] == {".fast"}
    assert all(name.startswith(".rodata") for name in sections["flash"])


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_example_builds_without_a_warning_and_runs_here_and_on_an_emulated_m7(compiled, tmp_path):
    said = []
    for target in ("host", "cortex-m7"):
        bundle = compiled("watch-tiny", target)
        example = bundle.folder / "examples" / "main.c"
        lines = example.read_text().splitlines()
        assert len(lines) - lines.index("int main(void) {") <= 20
        given = [f"-I{bundle.folder}", example, bundle.folder / "libwatch_tiny.a"]
        if target == "host":
            run("gcc", *STRICT, "-Wconversion", "-o", tmp_path / "main", *given)
            said.append(run(tmp_path / "main"))
        else:
            said.append(start_on_m7(tmp_path, *given))
    assert said[0] == said[1]
    assert said[0].startswith("watch-tiny: output ")


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_softfp_a_program_with_this_abi_links_and_runs(compiled, tmp_path):
    """The case softfp, on a core that QEMU has; Arduino looks for the library in a folder of that name."""
    host = compiled("watch-tiny", "host")
    run("gcc", *STRICT, "-o", tmp_path / "main", f"-I{host.folder}", *example_of(host))
    bundle = compiled("watch-tiny", "cortex-m7-softfp")
    given = [f"-I{bundle.folder}", *example_of(bundle)]
    assert start_on_m7(tmp_path, *given, target="cortex-m7-softfp") == run(tmp_path / "main")
    assert (bundle.folder / "arduino/src/cortex-m7/fpv5-d16-softfp/libwatch_tiny.a").is_file()
    with pytest.raises(AssertionError, match="compile with -mfloat-abi=softfp"):
        start_on_m7(tmp_path, *given)


def example_of(bundle: Bundle) -> list[Path]:
    return [bundle.folder / "examples" / "main.c", bundle.folder / "libwatch_tiny.a"]


USER_PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(watch_tiny REQUIRED)
add_executable(user "${EXAMPLE}")
target_link_libraries(user PRIVATE watch_tiny::watch_tiny)
"""


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("archive", ["with its library", "from its sources"])
def test_cmake_finds_the_package(archive, compiled, tmp_path):
    bundle = compiled("watch-tiny", "host")
    if archive == "from its sources":
        (bundle.folder / "libwatch_tiny.a").unlink()
        change_bundle(bundle.folder, library=None)
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(USER_PROJECT)
    example = f"-DEXAMPLE={bundle.folder}/examples/main.c"
    run(CMAKE, "-S", user, "-B", user / "build", f"-DCMAKE_PREFIX_PATH={bundle.folder}", example)
    run(CMAKE, "--build", user / "build")
    assert run(user / "build" / "user").startswith("watch-tiny: output ")


@pytest.mark.usefixtures("long_compile")
def test_cmake_refuses_a_bundle_that_changed(compiled, tmp_path):
    """When it configures, when it builds again later, and as a script; each time with the file's name."""
    bundle = compiled("watch-tiny", "host").folder
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(USER_PROJECT)
    configure = [CMAKE, "-S", user, "-B", user / "build", f"-DCMAKE_PREFIX_PATH={bundle}"]
    configure.append(f"-DEXAMPLE={bundle}/examples/main.c")
    script = [CMAKE, "-P", bundle / "cmake" / "verify.cmake"]
    run(*configure)
    run(CMAKE, "--build", user / "build")
    run(*script)
    flip(bundle / "weights.c")
    for step in (script, [CMAKE, "--build", user / "build"], configure):
        said = refused(*step)
        assert "is damaged: weights.c missing, or changed since the model was compiled" in said
        assert "Compile the model again with `sensor-bnn compile`" in said
    (bundle / "kernels.o").unlink()
    assert "is damaged: kernels.o, weights.c missing" in refused(*script)
    (bundle / "metadata.json").write_text("{}")
    assert "metadata.json is damaged" in refused(*script)
    (bundle / "metadata.json").unlink()
    assert "metadata.json is missing" in refused(*script)


def refused(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode != 0, done.stdout
    return " ".join(done.stderr.split())


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


ZEPHYR = """
cmake_minimum_required(VERSION 3.25)
project(zephyr C)
# What the module calls of Zephyr's, as Zephyr defines it, on a library of this name.
function(zephyr_library_import name path)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${path})
  target_link_libraries(app PRIVATE ${name})
endfunction()
function(zephyr_library_named name)
  set(ZEPHYR_CURRENT_LIBRARY ${name} PARENT_SCOPE)
  add_library(${name} STATIC)
  target_link_libraries(app PRIVATE ${name})
endfunction()
function(zephyr_library_sources)
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGV})
endfunction()
function(zephyr_library_compile_options)
  target_compile_options(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGV})
endfunction()
function(zephyr_include_directories)
  target_include_directories(app PRIVATE ${ARGV})
endfunction()
add_executable(app "${BUNDLE}/examples/main.c")
add_subdirectory("${BUNDLE}/zephyr" module)
"""


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("archive", ["with its library", "from its sources"])
def test_zephyr_module_names_what_is_there(archive, compiled, tmp_path):
    bundle = compiled("watch-tiny", "host")
    if archive == "from its sources":
        (bundle.folder / "libwatch_tiny.a").unlink()
        change_bundle(bundle.folder, library=None)
    lines = (bundle.folder / "zephyr" / "module.yml").read_text().splitlines()
    assert lines[1:] == ["name: watch_tiny", "build:", "  cmake: zephyr", "  kconfig: zephyr/Kconfig"]
    assert (bundle.folder / "zephyr" / "Kconfig").read_text().startswith("config SBNN_WATCH_TINY\n\tbool ")
    zephyr = tmp_path / "zephyr"
    zephyr.mkdir()
    (zephyr / "CMakeLists.txt").write_text(ZEPHYR)
    run(
        CMAKE, "-S", zephyr, "-B", zephyr / "build", f"-DBUNDLE={bundle.folder}", "-DCONFIG_SBNN_WATCH_TINY=y"
    )
    run(CMAKE, "--build", zephyr / "build")
    assert run(zephyr / "build" / "app").startswith("watch-tiny: output ")


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize(
    ("target", "place"),
    [("cortex-m7", "cortex-m7/fpv5-d16-hard"), ("cortex-m4", "cortex-m4/fpv4-sp-d16-hard"), ("host", None)],
)
def test_arduino_library_is_where_arduino_looks(target, place, compiled):
    bundle = compiled("watch-tiny", target)
    arduino = bundle.folder / "arduino"
    if place is None:
        assert not arduino.exists()
        return
    lines = (arduino / "library.properties").read_text().splitlines()
    fields = dict(line.split("=", 1) for line in lines)
    assert (fields["name"], fields["includes"]) == ("watch_tiny", "watch_tiny.h")
    assert (fields["precompiled"], fields["ldflags"]) == ("full", "-lwatch_tiny")
    headers = [file.name for file in bundle.folder.glob("watch_tiny*.h")]
    assert "watch_tiny.h" in headers
    files = {f"src/{name}": name for name in headers}
    files |= {f"src/{place}/libwatch_tiny.a": "libwatch_tiny.a"}
    for copy, file in files.items():
        assert (arduino / copy).read_bytes() == (bundle.folder / file).read_bytes()
    sketch = (arduino / "examples" / "watch_tiny" / "watch_tiny.ino").read_text()
    fake = "struct { void begin(long) {} void println(unsigned long) {} void println(const char *) {} }"
    fake += " Serial;\nvoid delay(int) {}\n"
    flags = ["-std=c++17", "-Wall", "-Werror", "-fsyntax-only", f"-I{arduino / 'src'}", "-x", "c++", "-"]
    facts = find_target(target)
    gxx = facts.compiler.replace("gcc", "g++")
    subprocess.run([gxx, *facts.gcc, *flags], input=fake + sketch, text=True, check=True)


@pytest.mark.usefixtures("long_run")
def test_without_the_targets_compiler_there_is_no_library_and_compile_says_what_to_install(
    mlp_onnx, tmp_path, monkeypatch
):
    which = shutil.which

    def without_the_targets(name: str, **options: object) -> str | None:
        return None if name.startswith("arm-none-eabi-") else which(name, **options)

    monkeypatch.setattr(library.shutil, "which", without_the_targets)
    result = CliRunner().invoke(command, [str(mlp_onnx()), "-o", str(tmp_path / "out")])
    assert result.exception is None, result.output
    assert "arm-none-eabi-gcc is missing" in result.stderr
    assert find_target("cortex-m7").install in result.stderr
    assert not list((tmp_path / "out").glob("*.a"))
    assert json.loads((tmp_path / "out" / "metadata.json").read_text())["library"] is None


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("watch-tiny", "watch_tiny"),
        ("ViT (small)", "vit_small"),
        ("3d", "bnn_3d"),
        ("math", "bnn_math"),
        ("model", "bnn_model"),
        ("sbnn", "bnn_sbnn"),
        ("Window", "bnn_window"),
        ("weights", "bnn_weights"),
        ("kernels", "bnn_kernels"),
        ("main", "bnn_main"),
        ("m", "bnn_m"),
        ("HAL", "bnn_hal"),
        ("gpio", "bnn_gpio"),
        ("Arduino", "bnn_arduino"),
        ("test", "bnn_test"),
        ("COM3", "bnn_com3"),
        ("int", "int"),
        ("memcpy", "memcpy"),
        ("sbnn wave", "bnn_sbnn_wave"),
        ("...", "bnn"),
        ("x" * 99, "x" * 40),
    ],
)
def test_names_in_c(name, prefix):
    assert c_prefix(name) == prefix


@pytest.mark.parametrize("name", ['a"b', "a\\", "a*/b", "ä", "a\nb"])
def test_names_that_cannot_stand_in_c(name):
    with pytest.raises(ModelError, match="cannot be used in C code"):
        c_prefix(name)


@pytest.mark.usefixtures("cross_compiler", "long_compile")
@pytest.mark.parametrize("target", ["host", "cortex-m0plus"])
def test_a_launcher_of_the_compiler_gives_the_same_bytes(target, mlp_onnx, tmp_path, monkeypatch):
    """The one that CMake takes from the environment, such as ccache, gets one file at a time."""
    monkeypatch.setenv("CMAKE_C_COMPILER_LAUNCHER", "")
    alone = bundle_files(compile_model(mlp_onnx(), target, tmp_path / "alone").folder)
    launcher, told = tmp_path / "launch it", tmp_path / "told"
    launcher.write_text(f'#!/bin/sh\necho "$@" >> {told}\nexec "$@"\n')
    launcher.chmod(0o755)
    monkeypatch.setenv("CMAKE_C_COMPILER_LAUNCHER", f"env;{launcher}")
    bundle = compile_model(mlp_onnx(), target, tmp_path / "launched")
    assert bundle_files(bundle.folder) == alone
    files = [Path(line.split(" -c ")[1]).name for line in told.read_text().splitlines()]
    assert files.count("weights.c") == 2 + (target == "host")  # The first is in the comparison with the file.
    assert {Path(source).name for source in bundle.metadata.sources} <= set(files)
    monkeypatch.setenv("CMAKE_C_COMPILER_LAUNCHER", "absent-launcher")
    with pytest.raises(ToolError, match="the program absent-launcher is missing"):
        compile_model(mlp_onnx(), target, tmp_path / "never")
    assert not (tmp_path / "never").exists()
