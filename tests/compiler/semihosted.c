/* From reset to newlib's own start-up. newlib's input and output are semihosting calls. */
#include <stdint.h>

void _start(void);
void reset(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t stack;
    void (*reset)(void);
} vectors = {0x20400000u, reset}; /* the end of RAM, from which the stack grows down */

__attribute__((naked)) void reset(void) {
    __asm volatile("ldr r0, =0xE000ED88\n" /* CPACR: switch the FPU on */
                   "ldr r1, [r0]\n"
                   "orr r1, r1, #(0xF << 20)\n"
                   "str r1, [r0]\n"
                   "dsb\n"
                   "isb\n"
                   "b _start\n");
}
