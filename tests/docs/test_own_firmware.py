"""docs/own-firmware.md, typed through: its files are built as they are on the page, for each kind of project.

The programs run: on this machine, and on an emulated Cortex-M7. What needs a build system that is not on this
machine (Zephyr, ESP-IDF, PlatformIO, Arduino) is built with stand-ins for the few commands that are used of
it, as its documentation defines them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import click
import cmake
import numpy as np
import pytest
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from flips import flip_in

import sensor_bnn
from sensor_bnn.cli import root
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.onnx.from_checkpoint import export_checkpoint

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "own-firmware.md").read_text(encoding="utf-8")
SEMIHOSTED = ROOT / "tests" / "compiler"
CMAKE = Path(cmake.CMAKE_BIN_DIR) / "cmake"
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wundef", "-Wpedantic"]
STILL = np.tile(np.array([[0, 0, 9.80665, 0, 0, 0]], np.float32).T, 100)

pytestmark = pytest.mark.usefixtures("cross_compiler", "long_compile")


def run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files(section: str = "") -> dict[str, str]:
    """The files of the page's first part, or those under the tab of that name."""
    head, *tabs = re.split(r'(?m)^=== "', PAGE.partition("\n## Two models")[0])
    text = head if not section else next(tab for tab in tabs if tab.startswith(f'{section}"'))
    found = re.findall(r'(?ms)^( *)```\w+ title="([^"]+)"\n(.*?)^\1```', text)
    return {name: textwrap.dedent(body) for _, name, body in found}


def write(folder: Path, contents: dict[str, str]) -> Path:
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkpoint = ROOT / "sensor_bnn" / "zoo" / "sensor-small" / "ckpt.pt"
    return export_checkpoint(checkpoint, tmp_path_factory.mktemp("gesture"), None).onnx


@pytest.fixture(scope="module")
def gesture(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``gesture(target, name)``: the page's bundle."""

    def make(target: str, name: str = "gesture") -> Path:
        return compile_model(model, target, tmp_path_factory.mktemp("bundle") / name, name=name).folder

    return make


@pytest.fixture(scope="module")
def on_host(gesture: Callable[..., Path]) -> Path:
    return gesture("host")


@pytest.fixture(scope="module")
def on_m7(gesture: Callable[..., Path]) -> Path:
    return gesture("cortex-m7")


@pytest.fixture(scope="module")
def on_m4(gesture: Callable[..., Path]) -> Path:
    return gesture("cortex-m4")


@pytest.fixture(scope="module")
def meant(on_host: Path) -> list[str]:
    """What the program must print: five decisions, at samples 100, 150, ... 300, for one window."""
    loaded = sensor_bnn.load(on_host)
    return [loaded.metadata.classes[int(loaded(STILL).argmax())]] * 5


def project(folder: Path, bundle: Path, section: str = "") -> Path:
    """The page's three files, those of a tab, and the bundle as ``gesture``."""
    shutil.copytree(bundle, folder / "gesture")
    return write(folder, {**files(), **(files(section) if section else {})})


def on_emulated_m7(elf: Path) -> str:
    machine = ["qemu-system-arm", "-machine", "mps2-an500", "-display", "none", "-monitor", "none"]
    return run(*machine, "-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel", elf)


def test_the_commands_of_the_page_are_commands() -> None:
    lines = re.findall(r"(?m)^sensor-bnn (.+)$", PAGE)
    assert len(lines) == 3
    for line in lines:
        name, *words = line.split()
        command = root.get_command(click.Context(root), name)
        assert command is not None
        command.make_parser(click.Context(command)).parse_args(words)


def without_a_board() -> tuple[str, str]:
    """The page's section of that name, and its ``boot.c``."""
    section = PAGE.partition("\n## Without a board\n")[2].partition("\n## ")[0]
    (boot,) = re.findall(r'(?ms)^```c title="boot.c"\n(.*?)^```', section)
    return section, boot


@pytest.mark.usefixtures("qemu")
def test_without_a_board(on_m4: Path, on_host: Path, meant: list[str], tmp_path: Path) -> None:
    """The page's two ways: with the compiler of this machine, and in QEMU with its ``boot.c``."""
    folder = project(tmp_path, on_m4)
    shutil.copytree(on_host, folder / "gesture-host")
    section, boot = without_a_board()
    (folder / "boot.c").write_text(boot, encoding="utf-8")
    for block in re.findall(r"(?ms)^```sh\n(.*?)^```", section):
        typed = "".join(line for line in block.splitlines(True) if not line.startswith("sensor-bnn "))
        assert run("sh", "-e", "-c", typed, cwd=folder).splitlines() == meant


@pytest.mark.usefixtures("qemu")
def test_cmake_with_the_pages_toolchain_file(on_m4: Path, meant: list[str], tmp_path: Path) -> None:
    """As a user types it; then with the page's start-up code, for a board that QEMU has."""
    folder = project(tmp_path, on_m4, "CMake")
    tab = PAGE.partition('=== "CMake"')[2].partition('\n=== "')[0]
    typed = re.findall(r"(?m)^    cmake (-.+)$", tab)
    assert len(typed) == 2
    for words in typed:
        run(CMAKE, *words.split(), cwd=folder)
    core = " ".join(find_target("cortex-m4").gcc)
    assert core in files("CMake")["arm-none-eabi.cmake"]
    (folder / "boot.c").write_text(without_a_board()[1], encoding="utf-8")
    lists = folder / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("main.c classifier.c", "boot.c main.c classifier.c"))
    link = "-Wl,--gc-sections,-u,vectors,--section-start=.vectors=0 --specs=rdimon.specs"
    toolchain = "-DCMAKE_TOOLCHAIN_FILE=arm-none-eabi.cmake"
    run(CMAKE, "-S", ".", "-B", "emulated", toolchain, f"-DCMAKE_EXE_LINKER_FLAGS={link}", cwd=folder)
    run(CMAKE, "--build", "emulated", cwd=folder)
    machine = ["qemu-system-arm", "-machine", "mps2-an386", "-display", "none", "-semihosting"]
    assert run(*machine, "-kernel", folder / "emulated" / "firmware").splitlines() == meant


def test_the_sensor_pages_names_are_in_the_header(on_host: Path) -> None:
    page = (ROOT / "docs" / "own-sensor.md").read_text(encoding="utf-8")
    header = "".join((on_host / name).read_text() for name in ("gesture.h", "gesture_window.h"))
    names = set(re.findall(r"\b(?:MY_SENSOR|my_sensor)_\w+", page)) - {"my_sensor_window"}
    assert len(names) >= 10
    for name in names:
        ours = name.replace("MY_SENSOR", "GESTURE").replace("my_sensor", "gesture")
        assert re.search(rf"\b{ours}\b", header), name


def test_the_generated_start_does_what_the_page_does(on_host: Path, meant: list[str], tmp_path: Path) -> None:
    """As it is, it compiles without a warning; with the page's sensor in it, it decides the same."""
    shutil.copytree(on_host, tmp_path / "gesture")
    (copying,) = re.findall(r"(?ms)^```sh\n(cp .*?)^```", PAGE)
    run("sh", "-e", "-c", copying, cwd=tmp_path)
    line = ["gcc", *STRICT, "-Igesture", "classifier.c", "main.c", "gesture/libgesture.a"]
    run(*line, "-o", "started", cwd=tmp_path)
    names = sensor_bnn.load(on_host).metadata.classes
    said = run(tmp_path / "started").splitlines()
    assert len(said) == 5 and {*said} <= {*names}
    page, own = files()["classifier.c"], (tmp_path / "classifier.c").read_text()
    (scales,) = re.findall(r"\n +\{(ACCELEROMETER.*)\},\n", page)
    macros = "".join(line for line in page.splitlines(True) if line.startswith("#define") and "place" in line)
    for place, scale in enumerate(scales.split(", ")):
        own = re.sub(rf"GESTURE_CHANNEL\({place}, 0\.0, 1\.0\)", scale, own)
    assert "1.0)" not in own
    write(tmp_path, {"classifier.c": macros + own, "main.c": files()["main.c"]})
    run(*line, "-o", "changed", cwd=tmp_path)
    assert run(tmp_path / "changed").splitlines() == meant
    run(
        "g++",
        "-std=c++14",
        "-Wall",
        "-Werror",
        f"-I{on_host}",
        "-fsyntax-only",
        "-xc++",
        "classifier.c",
        cwd=tmp_path,
    )


def test_cmake(on_host: Path, meant: list[str], tmp_path: Path) -> None:
    folder = project(tmp_path, on_host, "CMake")
    run(CMAKE, "-S", folder, "-B", folder / "build")
    run(CMAKE, "--build", folder / "build")
    assert run(folder / "build" / "firmware").splitlines() == meant


@pytest.mark.usefixtures("qemu")
def test_makefile(on_m7: Path, meant: list[str], tmp_path: Path) -> None:
    """The page's Makefile, with the core, start-up code and linker script of a board that QEMU has."""
    folder = project(tmp_path, on_m7, "Makefile, STM32CubeIDE")
    core = " ".join(find_target("cortex-m7").gcc)
    link = f"-T {SEMIHOSTED / 'semihosted.ld'} --specs=rdimon.specs -Wl,--no-warn-rwx-segments"
    settings = [
        f"CORE={core}",
        f"LDFLAGS={core} -Wl,--gc-sections -Lgesture {link} {SEMIHOSTED / 'semihosted.c'}",
    ]
    settings.append(f"CMAKE={CMAKE}")
    run("make", "-C", folder, *settings)
    assert on_emulated_m7(folder / "firmware.elf").splitlines() == meant
    next(flip_in(folder / "gesture" / "libgesture.a"))
    damaged = subprocess.run(["make", "-C", folder, *settings], check=False, capture_output=True, text=True)
    assert damaged.returncode and "damaged: libgesture.a missing, or changed since" in damaged.stderr


ARDUINO = """
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct Line {
    void begin(long) {}
    void println(const char *text) { printf("%s\\n", text); }
};
static Line Serial;
static inline void delay(int) {}
"""
LOOPS = "\nint main() { setup(); for (int i = 0; i < 300; i++) loop(); return 0; }\n"


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("target", ["cortex-m7", "cortex-m7-softfp"])
def test_arduino(target: str, gesture: Callable[..., Path], meant: list[str], tmp_path: Path) -> None:
    """As arduino-cli does: the sketch is C++, and the library is looked for by the flags of the core."""
    folder = project(tmp_path, gesture(target), "Arduino")
    facts = find_target(target)
    flags = dict(flag.lstrip("-").split("=", 1) for flag in facts.gcc if "=" in flag)
    library = folder / "gesture" / "arduino"
    fields = dict(line.split("=", 1) for line in (library / "library.properties").read_text().splitlines())
    assert fields["precompiled"] == "full"
    place = library / "src" / flags["mcpu"] / f"{flags['mfpu']}-{flags['mfloat-abi']}"
    sketch = write(folder, {"Arduino.h": ARDUINO}) / "gestures.ino.cpp"
    sketch.write_text('#include "Arduino.h"\n' + (folder / "gestures.ino").read_text() + LOOPS)
    include = [f"-I{library / 'src'}", f"-I{folder}"]
    gcc, gxx = (facts.compiler.replace("gcc", tool) for tool in ("gcc", "g++"))
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wundef", "-O2"]
    run(
        gxx,
        *facts.gcc,
        "-std=gnu++14",
        "-fno-exceptions",
        "-Wconversion",
        *warnings,
        *include,
        "-c",
        sketch,
        cwd=folder,
    )
    run(gcc, *facts.gcc, *warnings, *include, "-c", "classifier.c", SEMIHOSTED / "semihosted.c", cwd=folder)
    objects = ["gestures.ino.o", "classifier.o", "semihosted.o"]
    link = ["-T", SEMIHOSTED / "semihosted.ld", "--specs=rdimon.specs", "-Wl,--gc-sections"]
    link += ["-Wl,--no-warn-rwx-segments", "-o", "a.elf"]
    run(gcc, *facts.gcc, *objects, f"-L{place}", fields["ldflags"], *link, cwd=folder)
    assert on_emulated_m7(folder / "a.elf").splitlines() == meant


ZEPHYR = """
project(zephyr C)
function(zephyr_library_import name path)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${path})
  target_link_libraries(app PRIVATE ${name})
endfunction()
function(zephyr_include_directories)
  target_include_directories(app PRIVATE ${ARGV})
endfunction()
file(STRINGS "${CMAKE_SOURCE_DIR}/prj.conf" settings)
foreach(setting IN LISTS settings)
  string(REGEX MATCH "^([A-Z0-9_]+)=(.*)$" all ${setting})
  set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()
file(WRITE "${CMAKE_BINARY_DIR}/empty.c" "")
add_executable(app "${CMAKE_BINARY_DIR}/empty.c")
foreach(module IN LISTS ZEPHYR_EXTRA_MODULES)
  file(STRINGS "${module}/zephyr/module.yml" cmake REGEX "^  cmake: ")
  string(REPLACE "  cmake: " "" cmake "${cmake}")
  add_subdirectory("${module}/${cmake}" module)
endforeach()
"""


def test_zephyr(on_host: Path, meant: list[str], tmp_path: Path) -> None:
    folder = project(tmp_path / "project", on_host, "Zephyr")
    zephyr = write(tmp_path / "zephyr", {"ZephyrConfig.cmake": ZEPHYR})
    run(CMAKE, "-S", folder, "-B", folder / "build", f"-DZephyr_DIR={zephyr}")
    run(CMAKE, "--build", folder / "build")
    assert run(folder / "build" / "app").splitlines() == meant
    kconfig = (folder / "gesture" / "zephyr" / "Kconfig").read_text()
    (symbol,) = re.findall(r"(?m)^config (\w+)$", kconfig)
    assert f"CONFIG_{symbol}=y" in files("Zephyr")["prj.conf"] and symbol.startswith("SBNN_")
    # The language: a `config` line, and properties behind a tab; the text of a help is further in.
    assert all(
        re.match(r"config \w+$|\tbool \"[^\"]+\"$|\thelp$|\t  \S", line) for line in kconfig.splitlines()
    )


IDF = """
function(idf_component_register)
  cmake_parse_arguments(given "" "" "SRCS;INCLUDE_DIRS;REQUIRES" ${ARGV})
  get_filename_component(name ${CMAKE_CURRENT_LIST_DIR} NAME)
  if(given_SRCS)
    add_library(${name} STATIC ${given_SRCS})
    target_include_directories(${name} PUBLIC ${given_INCLUDE_DIRS})
    target_link_libraries(${name} PUBLIC ${given_REQUIRES})
  else()
    add_library(${name} INTERFACE)
    foreach(folder IN LISTS given_INCLUDE_DIRS)
      target_include_directories(${name} INTERFACE "${CMAKE_CURRENT_LIST_DIR}/${folder}")
    endforeach()
  endif()
  set(COMPONENT_LIB ${name} PARENT_SCOPE)
endfunction()
function(add_prebuilt_library name path)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${path})
endfunction()
macro(project name)
  _project(${name} C)
  foreach(folder IN LISTS EXTRA_COMPONENT_DIRS)
    file(GLOB components "${folder}/*/CMakeLists.txt")
    foreach(component IN LISTS components)
      get_filename_component(component ${component} DIRECTORY)
      get_filename_component(component_name ${component} NAME)
      add_subdirectory(${component} ${component_name})
    endforeach()
  endforeach()
  add_subdirectory(main)
  file(WRITE "${CMAKE_BINARY_DIR}/start.c" "int app_main(void); int main(void) { return app_main(); }")
  add_executable(${name} "${CMAKE_BINARY_DIR}/start.c")
  target_link_libraries(${name} PRIVATE main)
endmacro()
"""


def test_esp_idf(on_host: Path, meant: list[str], tmp_path: Path) -> None:
    folder = project(tmp_path / "project", on_host, "ESP-IDF")
    main = (folder / "main.c").read_text().replace("int main(void)", "int app_main(void)")
    write(folder, {"main/main.c": main})
    write(tmp_path / "idf", {"tools/cmake/project.cmake": IDF})
    command = [str(part) for part in (CMAKE, "-S", folder, "-B", folder / "build")]
    environment = {"IDF_PATH": str(tmp_path / "idf"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run(CMAKE, "--build", folder / "build")
    assert run(folder / "build" / "firmware").splitlines() == meant


def test_platformio(on_host: Path, meant: list[str], tmp_path: Path) -> None:
    """As PlatformIO's library builder does: flags are relative to the folder of the library."""
    folder = project(tmp_path, on_host, "PlatformIO")
    library = json.loads((folder / "gesture" / "library.json").read_text())
    assert {"name", "version", "headers", "build"} <= {*library}
    assert re.fullmatch(r"[a-z0-9_-]{1,100}", library["name"])
    assert re.match(r"\d+\.\d+\.\d+", library["version"]), "a semantic version"
    assert library["build"]["srcFilter"] == ["-<*>"] and library["headers"] == ["gesture.h"]
    sources = [folder / "main.c", folder / "classifier.c"]
    line = [f"-I{folder / 'gesture' / library['build']['includeDir']}", *sources, *library["build"]["flags"]]
    run("gcc", *STRICT, "-o", folder / "main", *line, cwd=folder / "gesture")
    assert run(folder / "main").splitlines() == meant
    settings = ConfigParser()
    settings.read_string(files("PlatformIO")["platformio.ini"])
    (section,) = settings.sections()
    assert section == f"env:{settings[section]['board']}"
    wanted = find_target("cortex-m4").gcc
    assert {*settings[section]["build_flags"].split()} <= {*wanted}
    assert {*settings[section]} == {"platform", "board", "framework", "build_flags", "build_unflags"}


@pytest.mark.usefixtures("qemu")
def test_the_stack_that_the_header_promises_is_enough(on_m7: Path, tmp_path: Path) -> None:
    """The stack is filled with a pattern below the caller; what the deepest call leaves is counted."""
    main = (
        '#include "gesture.h"\n#include <stdio.h>\n'
        "static _Alignas(GESTURE_ALIGNMENT) unsigned char memory[GESTURE_MEMORY_BYTES];\n"
        "static gesture_model model;\nstatic gesture_window window;\n"
        "static void __attribute__((noinline)) fill(void) {\n"
        "    volatile unsigned char area[8192];\n"
        "    for (int i = 0; i < 8192; i++) area[i] = 0xa5;\n}\n"
        "static int __attribute__((noinline)) used(void) {\n"
        "    volatile unsigned char area[8192];\n    int i = 0;\n"
        "    while (i < 8192 && area[i] == 0xa5) i++;\n    return 8192 - i;\n}\n"
        "int main(void) {\n"
        "    const gesture_window_config config = GESTURE_WINDOW_CONFIG;\n    gesture_decision decision;\n"
        "    const gesture_sample sample[GESTURE_CHANNELS] = {1, 2, 3, 4, 5, 6};\n"
        "    if (gesture_init(&model, memory, sizeof memory)) return 1;\n"
        "    if (gesture_window_init(&window, &config)) return 1;\n"
        "    for (int i = 0; i < 100; i++) gesture_window_push(&window, sample);\n"
        "    fill();\n"
        "    if (gesture_window_poll(&window, &model, &decision)) return 2;\n"
        '    printf("%d %d\\n", used(), GESTURE_STACK_BYTES);\n    return 0;\n}\n'
    )
    (tmp_path / "main.c").write_text(main)
    gcc = ["arm-none-eabi-gcc", *find_target("cortex-m7").gcc, "-O1", "-Wno-uninitialized", f"-I{on_m7}"]
    link = ["-T", SEMIHOSTED / "semihosted.ld", "--specs=rdimon.specs", "-Wl,--no-warn-rwx-segments"]
    parts = [tmp_path / "main.c", SEMIHOSTED / "semihosted.c", on_m7 / "libgesture.a"]
    run(*gcc, *link, *parts, "-o", tmp_path / "a.elf")
    used, promised = map(int, on_emulated_m7(tmp_path / "a.elf").split())
    assert 0 < used <= promised < used + 512


@pytest.mark.usefixtures("qemu")
def test_two_models_share_equal_kernels(
    gesture: Callable[..., Path], on_m7: Path, meant: list[str], tmp_path: Path
) -> None:
    """The same layers under two names: both decide, and the second adds constants and no kernel."""
    other = gesture("cortex-m7", "other")
    one, two = (write(tmp_path / name, files()) for name in ("one", "two"))
    text = files()["classifier.c"].replace("gesture", "other").replace("GESTURE", "OTHER")
    text = text.replace("classifier_", "second_").replace('"classifier.h"', '"second.h"')
    header = files()["classifier.h"].replace("classifier_", "second_")
    main = files()["main.c"].replace('"classifier.h"', '"classifier.h"\n#include "second.h"')
    main = main.replace("classifier_sample(still);", "classifier_sample(still);\n    second_sample(still);")
    main = main.replace("if (!classifier_start())", "if (!classifier_start() || !second_start())")
    again = 'const char *later = second_poll();\n        if (later != NULL) printf("%s\\n", later);\n        '
    main = main.replace("const char *decision", f"{again}const char *decision")
    write(two, {"second.c": text, "second.h": header, "main.c": main})
    gcc = ["arm-none-eabi-gcc", *find_target("cortex-m7").gcc, *STRICT, "-O2", f"-I{on_m7}", f"-I{other}"]
    link = ["-T", SEMIHOSTED / "semihosted.ld", "--specs=rdimon.specs", "-Wl,--gc-sections"]
    link += ["-Wl,--no-warn-rwx-segments", SEMIHOSTED / "semihosted.c"]
    sizes = []
    for folder, libraries in (
        (one, [on_m7 / "libgesture.a"]),
        (two, [on_m7 / "libgesture.a", other / "libother.a"]),
    ):
        run(*gcc, *sorted(folder.glob("*.c")), *link, *libraries, "-o", folder / "a.elf")
        with (folder / "a.elf").open("rb") as file:
            names = [s.name for s in ELFFile(file).get_section_by_name(".symtab").iter_symbols()]
        kernels = [name for name in names if name.startswith("sbnn_")]
        assert kernels and len(kernels) == len({*kernels})
        sizes.append(({*kernels}, sum(linked(folder / "a.elf"))))
    assert sizes[0][0] == sizes[1][0], "no kernel more"
    constants = sensor_bnn.compiler.metadata.read_metadata(on_m7).weights_bytes
    assert sizes[1][1] - sizes[0][1] < constants + 4096
    assert on_emulated_m7(two / "a.elf").splitlines() == [name for name in meant for _ in range(2)]


def linked(elf: Path) -> tuple[int, int]:
    """The bytes of code and of constants in a linked file."""
    code = constants = 0
    with elf.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            flags = section["sh_flags"]
            if flags & SH_FLAGS.SHF_EXECINSTR:
                code += section["sh_size"]
            elif flags & SH_FLAGS.SHF_ALLOC and not flags & SH_FLAGS.SHF_WRITE:
                constants += section["sh_size"]
    return code, constants


def measured(bundle: Path, target: str, folder: Path) -> list[int]:
    """Code, constants, memory, window and stack: the row of the page's table."""
    tools = find_target(target)
    wanted = [
        f"-Wl,-u,gesture_{name}"
        for name in ("init", "window_init", "window_push", "window_poll", "class_names")
    ]
    relocatable = ["-r", "-nostdlib", "-Wl,--gc-sections", "-Wl,-e,gesture_init", *wanted]
    run(tools.compiler, *tools.gcc, *relocatable, bundle / "libgesture.a", "-o", folder / f"{target}.o")
    sizes = "GESTURE_MEMORY_BYTES, sizeof(gesture_window), GESTURE_STACK_BYTES"
    (folder / "sizes.c").write_text(f'#include "gesture.h"\nint sizes[] = {{{sizes}}};')
    run(tools.compiler, *tools.gcc, f"-I{bundle}", "-c", folder / "sizes.c", "-o", folder / "sizes.o")
    with (folder / "sizes.o").open("rb") as file:
        numbers = np.frombuffer(ELFFile(file).get_section_by_name(".data").data(), "<i4").tolist()
    return [*linked(folder / f"{target}.o"), *numbers]


def test_the_bytes_of_the_page(gesture: Callable[..., Path], on_m7: Path, tmp_path: Path) -> None:
    rows = re.findall(r"(?m)^\| `(cortex-[a-z0-9]+)` \|((?: [\d,]+ \|){5})$", PAGE)
    told = {
        target: [int(cell.replace(",", "")) for cell in re.findall(r"[\d,]+", cells)]
        for target, cells in rows
    }
    bundles = {"cortex-m7": on_m7, **{name: gesture(name) for name in ("cortex-m4", "cortex-m0plus")}}
    assert told == {target: measured(bundle, target, tmp_path) for target, bundle in bundles.items()}


@pytest.mark.parametrize("target", ["cortex-m0plus", "cortex-m4", "cortex-m7", "host"])
def test_headers_and_sources_have_no_warning(
    target: str, gesture: Callable[..., Path], tmp_path: Path
) -> None:
    """In C and in C++, with the strict flags of a firmware project."""
    bundle, facts = gesture(target), find_target(target)
    compiler = facts.compiler if not facts.hosted else "gcc"
    sources = [
        bundle / "model.c",
        bundle / "weights.c",
        bundle / "window.c",
        *(bundle / "kernels").glob("*.c"),
    ]
    run(compiler, *facts.gcc, *STRICT, "-O2", "-fsyntax-only", f"-I{bundle}", *sources)
    user = write(tmp_path, {**files(), "classifier.cpp": files()["classifier.c"]})
    strict = ["-std=c++14", *STRICT[1:], "-Wold-style-cast", "-fsyntax-only", f"-I{bundle}", f"-I{user}"]
    run(compiler.replace("gcc", "g++"), *facts.gcc, *strict, "-x", "c++", bundle / "gesture.h")
    run(
        compiler.replace("gcc", "g++"),
        *facts.gcc,
        *[f for f in strict if f != "-Wold-style-cast"],
        user / "classifier.cpp",
    )


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (
            ["-mfpu=fpv5-d16", "-mfloat-abi=softfp"],
            "compile with -mfloat-abi=hard, or take the -softfp target",
        ),
        (["-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"], "double precision"),
        (["-mcpu=cortex-m3", "-mfloat-abi=soft"], "compile with -mcpu=cortex-m7"),
    ],
)
def test_the_header_names_the_flag_that_is_missing(
    flags: list[str], told: str, on_m7: Path, tmp_path: Path
) -> None:
    gcc = [
        "arm-none-eabi-gcc",
        "-mthumb",
        "-mcpu=cortex-m7",
        *flags,
        "-fsyntax-only",
        str(on_m7 / "gesture.h"),
    ]
    done = subprocess.run(gcc, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and told in done.stderr


def test_the_python_of_the_page(on_host: Path, tmp_path: Path) -> None:
    (code,) = re.findall(r"(?ms)^```python\n(.*?)^```", PAGE)
    (tmp_path / "gesture-host").symlink_to(on_host)
    said = run(sys.executable, "-c", code, cwd=tmp_path).strip()
    assert said in sensor_bnn.load(on_host).metadata.classes


def test_the_shared_library_is_the_same_code(on_host: Path, tmp_path: Path) -> None:
    """A C program with libmodel.so prints the bits of what Python's object returns."""
    main = (
        '#include "gesture.h"\n#include <stdio.h>\n'
        "static _Alignas(GESTURE_ALIGNMENT) unsigned char memory[GESTURE_MEMORY_BYTES];\n"
        "int main(void) {\n    gesture_model model;\n"
        "    if (gesture_init(&model, memory, sizeof memory) != GESTURE_OK) return 1;\n"
        "    for (int i = 0; i < GESTURE_INPUT_COUNT; i++)\n"
        "        gesture_input(&model)[i] = (int16_t)(i * 37 % 4001 - 2000);\n"
        "    if (gesture_invoke(&model) != GESTURE_OK) return 1;\n"
        '    for (int i = 0; i < GESTURE_OUTPUT_COUNT; i++) printf("%d ", gesture_output(&model)[i]);\n'
        "    return 0;\n}\n"
    )
    (tmp_path / "main.c").write_text(main)
    line = [*STRICT, f"-I{on_host}", tmp_path / "main.c", on_host / "libmodel.so", f"-Wl,-rpath,{on_host}"]
    run("gcc", *line, "-o", tmp_path / "main")
    window = (np.arange(600) * 37 % 4001 - 2000).astype(np.int16).reshape(6, 100)
    assert list(map(int, run(tmp_path / "main").split())) == sensor_bnn.load(on_host)(window).tolist()
