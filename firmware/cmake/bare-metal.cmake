# Toolchain file for GCC without an operating system; `sensor-bnn build` sets the compiler. Test programs are built as
# static libraries, because an executable cannot be linked before there is a linker script.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
