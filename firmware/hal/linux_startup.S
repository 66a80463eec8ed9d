/* From the start of the program, on the stack that Linux gave it, to the one that board.toml says. */
    .section .vectors, "ax"
    .global vectors
    .global reset
    .type reset, %function
vectors:
reset:
    ldr x0, =linker_stack_bottom
    ldr x1, =linker_stack_top
    ldr x2, =linux_paint
    ldr w2, [x2]
1:  str w2, [x0], #4
    cmp x0, x1
    b.ne 1b
    mov sp, x1
    b start
    .ltorg
