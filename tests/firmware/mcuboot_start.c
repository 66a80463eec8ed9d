/* Starts an image as a port of MCUboot does, after its checks: reads the header, then jumps through the
 * vector table. It leaves what a port may leave: an interrupt of its own enabled and pending, and all
 * interrupts masked. */
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

void start(void);

extern uint32_t stack_top[];

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {stack_top,
                                                                                 (const void *)start};

void start(void) {
    const uint32_t *const header = (const uint32_t *)SLOT;
    if (header[0] != 0x96F3B83Du) {
        for (;;) {
        }
    }
    const uint32_t table = SLOT + (header[2] & 0xFFFFu);
    __asm volatile("cpsid i");
    REGISTER(0xE000E100) = 0x80000000u; /* interrupt 31, for which the image has no handler */
    REGISTER(0xE000E200) = 0x80000000u;
    REGISTER(0xE000ED08) = table;
    __asm volatile("msr basepri, %1\n"
                   "msr msp, %2\n"
                   "bx %0\n" ::"r"(REGISTER(table + 4u)),
                   "r"(0x20), "r"(REGISTER(table)));
}
