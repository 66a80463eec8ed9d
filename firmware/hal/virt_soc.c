/* QEMU's machine `virt`: Arm's second generic interrupt controller (GICv2, Arm IHI 0048), and PSCI's
 * reset call (Arm DEN 0022), which QEMU itself implements. */
#include "hal/aarch64.h"
#include "hal/cpu.h"
#include "hal/register.h"

#define GICD 0x08000000u
#define GICD_CTLR REGISTER(GICD)
#define GICD_ISENABLER(n) REGISTER(GICD + 0x100u + 4u * (n))
#define GICD_ITARGETSR(n) REGISTER(GICD + 0x800u + 4u * (n))
#define GICC 0x08010000u
#define GICC_CTLR REGISTER(GICC)
#define GICC_PMR REGISTER(GICC + 4u)
#define GIC_ENABLE 1u

#define TIMER_INTERRUPT 30u /* the non-secure physical timer */
#define SHARED_INTERRUPTS 32u

#define PSCI_SYSTEM_RESET 0x84000009u

void soc_open(void) {
    GICD_CTLR = GIC_ENABLE;
    /* Let every priority pass. The interrupts still stay masked in the core; they only wake it. */
    GICC_PMR = 0xFFu;
    GICC_CTLR = GIC_ENABLE;
    GICD_ISENABLER(0u) = 1u << TIMER_INTERRUPT;
}

/* Shared interrupts are numbered from 0, as in QEMU's description of the machine; their identifiers
 * begin at 32. */
void cpu_enable_interrupt(uint32_t number) {
    const uint32_t id = SHARED_INTERRUPTS + number;
    GICD_ITARGETSR(id / 4u) |= 1u << (id % 4u * 8u);
    GICD_ISENABLER(id / 32u) = 1u << (id % 32u);
}

noreturn void soc_reset(void) {
    register uint64_t function __asm("x0") = PSCI_SYSTEM_RESET;
    __asm volatile("hvc #0" : "+r"(function)::"x1", "x2", "x3", "memory");
    for (;;) {
    }
}
