/* From reset to start() on a RISC-V core in machine mode, and its traps.
 *
 * main runs on a stack at the very start of RAM, so that an overflow leaves RAM and faults. Traps have a stack of
 * their own, so that this fault can be handled: mscratch holds its top, and while a trap is handled, main's stack
 * pointer. Every fault resets into the bootloader. */

    .option arch, +zicsr

    .section .vectors, "ax"
    .global vectors
    .global reset
    .type reset, %function
vectors:
reset:
    csrci mstatus, 8 /* MIE: no interrupts. A chip need not have mie. */
    la t0, guarded
    csrw mtvec, t0
    /* Region 0: no access to the memory below the stack, for machine mode too (L), until the next reset. A core without
     * regions traps here, and goes on below. */
    la t0, riscv_guard
    lw t0, 0(t0)
    csrw pmpaddr0, t0
    li t0, 0x98 /* locked, a region of a power of two, without rights */
    csrw pmpcfg0, t0
    .align 2
guarded:
    la t0, traps + 1 /* a table of jumps */
    csrw mtvec, t0
    la t0, linker_handler_stack_top
    csrw mscratch, t0
    la t0, linker_stack_bottom
    la sp, linker_stack_top
    la t1, riscv_paint
    lw t1, 0(t1)
1:  sw t1, 0(t0)
    addi t0, t0, 4
    bne t0, sp, 1b
    andi sp, sp, -16 /* as the procedure call standard requires; a board's stack is a multiple of 8 bytes */
    j start

    /* Faults lead to the first entry, interrupt n to entry n. Some cores know only such tables, on multiples of 256. */
    .section .text.trap, "ax"
    .global traps
    .type traps, %function
    .balign 256
traps:
    .option push
    .option norvc
    .rept 32
    j trap
    .endr
    .option pop

    /* The registers that a function may change are saved; the others are saved by the functions that change them. */
    .section .text.trap, "ax"
    .global trap
    .type trap, %function
    .align 2
trap:
    csrrw sp, mscratch, sp
    addi sp, sp, -64
    sw ra, 0(sp)
    sw t0, 4(sp)
    sw t1, 8(sp)
    sw t2, 12(sp)
    sw t3, 16(sp)
    sw t4, 20(sp)
    sw t5, 24(sp)
    sw t6, 28(sp)
    sw a0, 32(sp)
    sw a1, 36(sp)
    sw a2, 40(sp)
    sw a3, 44(sp)
    sw a4, 48(sp)
    sw a5, 52(sp)
    sw a6, 56(sp)
    sw a7, 60(sp)
    csrr a0, mcause
    bgez a0, fault
    call interrupt
    lw ra, 0(sp)
    lw t0, 4(sp)
    lw t1, 8(sp)
    lw t2, 12(sp)
    lw t3, 16(sp)
    lw t4, 20(sp)
    lw t5, 24(sp)
    lw t6, 28(sp)
    lw a0, 32(sp)
    lw a1, 36(sp)
    lw a2, 40(sp)
    lw a3, 44(sp)
    lw a4, 48(sp)
    lw a5, 52(sp)
    lw a6, 56(sp)
    lw a7, 60(sp)
    addi sp, sp, 64
    csrrw sp, mscratch, sp
    mret

    /* A fault of a handler has saved to main's stack; the next one resets, on the handlers' stack from its top. */
fault:
    la sp, linker_handler_stack_top
    call fault_reset
