/* An AArch64 Linux program in place of a board. It uses system calls only, so it is linked like any
 * other firmware, and its memory is what board.toml says. */
#include "hal/linux.h"

#include <stdnoreturn.h>

#include "board.h"
#include "hal/cpu.h"
#include "hal/memory.h"
#include "hal/stay.h"
#include "hal/uart.h"

#define POLL_INPUT 1
#define REST_NANOSECONDS 10000000 /* 10 ms: the resolution of deadlines */

/* The word that `reset` fills the stack with (linux_startup.S), so that memory.c can measure how much
 * was used. */
extern const uint32_t linux_paint;
const uint32_t linux_paint = MEMORY_PAINT;

/* The thread area that tpidr_el0 points to: two reserved words, then errno, the only thread-local
 * variable. The C library's mathematics writes errno. */
static _Alignas(16) uint64_t thread[4];

int main(void);
noreturn void start(void);

int64_t linux_call(int64_t number, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e) {
    register int64_t x8 __asm("x8") = number;
    register int64_t x0 __asm("x0") = a;
    register int64_t x1 __asm("x1") = b;
    register int64_t x2 __asm("x2") = c;
    register int64_t x3 __asm("x3") = d;
    register int64_t x4 __asm("x4") = e;
    __asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}

int linux_has_input(int64_t nanoseconds) {
    struct {
        int32_t descriptor;
        int16_t wanted;
        int16_t found;
    } input = {LINUX_INPUT, POLL_INPUT, 0};
    const linux_time limit = {0, nanoseconds};
    return linux_call(LINUX_PPOLL, (intptr_t)&input, 1, (intptr_t)&limit, 0, 0) > 0;
}

/* Linux has already cleared .bss. The memory below the stack is not mapped, so an overflow faults. */
noreturn void start(void) {
    __asm volatile("msr tpidr_el0, %0" ::"r"(thread));
    (void)main();
    cpu_reset();
}

uint32_t cpu_mask(void) {
    return 0;
}

void cpu_unmask(uint32_t state) {
    (void)state;
}

void cpu_sleep(void) {
    if (linux_has_input(REST_NANOSECONDS)) {
        uart_interrupt();
    }
}

void cpu_barrier(void) {
}

void cpu_use_caches(void) {
}

void cpu_enable_interrupt(uint32_t number) {
    (void)number;
}

/* There is no bootloader to stay in: the program simply ends (cpu_reset). */
void stay_request(stay_reason reason) {
    (void)reason;
}

noreturn void cpu_reset(void) {
    for (;;) {
        (void)linux_call(LINUX_EXIT_GROUP, 0, 0, 0, 0, 0);
    }
}
