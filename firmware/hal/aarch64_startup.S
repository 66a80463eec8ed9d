/* From reset to start() on an AArch64 core. The core may enter at EL3, EL2 or EL1; the code drops one level at a time
 * until it is at EL1.
 *
 * main runs on a stack at the very start of RAM, so that an overflow leaves RAM and faults. Interrupts stay masked and
 * only wake the core, so every exception that is taken is a fault. It resets into the bootloader. */

    .section .vectors, "ax"
    .global vectors
    .global reset
    .type reset, %function
vectors:
reset:
    msr daifset, #15
    mrs x0, mpidr_el1
    /* Only core 0 goes on: this affinity field is 0 for it alone. */
    and x0, x0, #0xFF
    cbnz x0, park
    mrs x0, CurrentEL
    cmp x0, #(3 << 2)
    b.ne at_most_el2
    mov x0, #0x5B1 /* EL2 is AArch64 and non-secure, HVC is allowed */
    msr scr_el3, x0
    msr cptr_el3, xzr
    mov x0, #0x3C9 /* EL2 with its own stack pointer, all exceptions masked */
    msr spsr_el3, x0
    adr x0, at_most_el2
    msr elr_el3, x0
    eret

at_most_el2:
    mrs x0, CurrentEL
    cmp x0, #(2 << 2)
    b.ne at_el1
    mov x0, #(1 << 31) /* EL1 is AArch64, nothing traps to EL2 */
    msr hcr_el2, x0
    mov x0, #3 /* EL1 may use the physical timer and counter */
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    mov x0, #0x33FF /* EL1 may use the vector registers */
    msr cptr_el2, x0
    mrs x0, pmcr_el0 /* EL1 may use all performance counters */
    ubfx x0, x0, #11, #5
    msr mdcr_el2, x0
    mrs x0, midr_el1
    msr vpidr_el2, x0
    mrs x0, mpidr_el1
    msr vmpidr_el2, x0
    mov x0, #0x3C5 /* EL1 with its own stack pointer, all exceptions masked */
    msr spsr_el2, x0
    adr x0, at_el1
    msr elr_el2, x0
    eret

at_el1:
    ldr x0, =0x30D00800 /* reserved ones; MMU and caches off */
    msr sctlr_el1, x0
    mov x0, #(3 << 20) /* do not trap the vector registers */
    msr cpacr_el1, x0
    ldr x0, =exceptions
    msr vbar_el1, x0
    isb
    ldr x0, =linker_stack_bottom
    ldr x1, =linker_stack_top
    ldr x2, =aarch64_paint
    ldr w2, [x2]
1:  str w2, [x0], #4
    cmp x0, x1
    b.ne 1b
    mov sp, x1
    b start

park: /* cores 1 and up only sleep */
    wfi
    b park

    .ltorg

    /* Only this one of the table's sixteen entries can be entered ("synchronous, current level, SP_ELx"): the stack is
     * always EL1's own, nothing runs below EL1, and all asynchronous exceptions are masked from reset on. The linker
     * script places it 512 bytes after `exceptions`, where the table would begin. */
    .section .exceptions, "ax"
    ldr x0, =linker_handler_stack_top /* start the handlers' stack again: the old stack pointer may be invalid */
    mov sp, x0
    b fault_reset
    .ltorg

    /* aarch64_leave(x0 = address). No memory is written here: the stack's newest contents are only in the data cache,
     * and with the MMU off that is off too, so a store would go past it. Arm DDI 0487, "Cache maintenance by set/way";
     * DC CISW takes level - 1 in bits 1 to 3, the set from the line's size on, and the way in the highest bits. */
    .section .text.aarch64_leave, "ax"
    .global aarch64_leave
    .type aarch64_leave, %function
aarch64_leave:
    ldr x1, =0x30D00800 /* as at_el1 */
    dsb sy
    msr sctlr_el1, x1
    isb
    mrs x1, clidr_el1
    ubfx x2, x1, #24, #3 /* level of coherency: the number of levels to clean */
    mov x3, #0           /* level - 1 */
1:  cmp x3, x2
    b.eq 5f
    add x4, x3, x3, lsl #1
    lsr x4, x1, x4
    and x4, x4, #7 /* the kind of cache: 2 and more hold data */
    cmp x4, #2
    b.lt 4f
    lsl x5, x3, #1
    msr csselr_el1, x5
    isb
    mrs x6, ccsidr_el1
    and x7, x6, #7
    add x7, x7, #4         /* line: log2 of its bytes */
    ubfx x8, x6, #3, #10   /* last way */
    clz w9, w8             /* where the way's number begins; for one way nowhere */
    ubfx x10, x6, #13, #15 /* last set */
2:  mov x11, x8
3:  lsl x12, x11, x9
    orr x12, x12, x5
    lsl x13, x10, x7
    orr x12, x12, x13
    dc cisw, x12
    subs x11, x11, #1
    b.ge 3b
    subs x10, x10, #1
    b.ge 2b
4:  add x3, x3, #1
    b 1b
5:  dsb sy
    tlbi vmalle1
    ic iallu
    dsb sy
    isb
    br x0
    .ltorg

    .text
