/* From reset to start, on an AArch64 core: whatever exception level it was entered at, on to EL1.
 *
 * main runs on a stack at the very start of RAM, so that an overflow leaves RAM and faults. Every exception
 * resets into the bootloader, for interrupts are never let in: they only wake the core. */

    .section .vectors, "ax"
    .global vectors
    .global reset
    .type reset, %function
vectors:
reset:
    msr daifset, #15
    mrs x0, mpidr_el1
    and x0, x0, #0xFF
    cbnz x0, park
    mrs x0, CurrentEL
    cmp x0, #(3 << 2)
    b.ne at_most_el2
    mov x0, #0x5B1 /* below: AArch64, not secure, hypervisor calls */
    msr scr_el3, x0
    msr cptr_el3, xzr
    mov x0, #0x3C9 /* EL2 with its own stack, all held */
    msr spsr_el3, x0
    adr x0, at_most_el2
    msr elr_el3, x0
    eret

at_most_el2:
    mrs x0, CurrentEL
    cmp x0, #(2 << 2)
    b.ne at_el1
    mov x0, #(1 << 31) /* EL1 is AArch64, nothing is trapped */
    msr hcr_el2, x0
    mov x0, #3 /* EL1 may use the timer */
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    mov x0, #0x33FF /* and the vector registers */
    msr cptr_el2, x0
    mrs x0, pmcr_el0 /* and all counters */
    ubfx x0, x0, #11, #5
    msr mdcr_el2, x0
    mrs x0, midr_el1
    msr vpidr_el2, x0
    mrs x0, mpidr_el1
    msr vmpidr_el2, x0
    mov x0, #0x3C5 /* EL1 with its own stack, all held */
    msr spsr_el2, x0
    adr x0, at_el1
    msr elr_el2, x0
    eret

at_el1:
    ldr x0, =0x30D00800 /* no MMU, no caches */
    msr sctlr_el1, x0
    mov x0, #(3 << 20) /* vector registers */
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

park: /* the other cores */
    wfi
    b park

    .ltorg

    /* Of the table's sixteen entries this one alone is entered: the stack is always EL1's own, nothing runs below
     * EL1, and what is not the core's own doing is masked from reset on. The linker script puts it 512 bytes
     * behind `exceptions`, where the table would begin. */
    .section .exceptions, "ax"
    ldr x0, =linker_handler_stack_top /* whatever the stack pointer was */
    mov sp, x0
    b fault_reset
    .ltorg
