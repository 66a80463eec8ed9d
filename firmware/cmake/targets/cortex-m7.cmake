# Flags for the compile target of this name; the model's kernels bring their own objects, of the same ABI.
set(SBNN_CPU_FLAGS -mthumb -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard)
