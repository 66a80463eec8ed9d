/* Entry point of the program: fill the stack that board.toml defines with the paint word, then leave Linux's stack for
 * it. */
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
