/* A RISC-V core in machine mode. */
#include "hal/riscv.h"

#include "board.h"
#include "hal/cpu.h"
#include "hal/memory.h"
#include "hal/setup.h"
#include "hal/stay.h"

#define GUARD_BITS 16u /* riscv_startup.S guards so many bytes below RAM: 64 KB */

_Static_assert(SBNN_RAM_ORIGIN % (1u << GUARD_BITS) == 0u, "the core protects aligned regions");

extern uint32_t linker_data_load[], linker_data_start[], linker_data_end[];
extern uint32_t linker_bss_start[], linker_bss_end[];

/* Facts of the board for the assembly: the word that `reset` fills the stack with, so that memory.c can
 * measure how much was used; and what it writes to the register that guards the memory below. A region
 * of 2^(n + 3) bytes ends its address in n ones, after a 0; the two lowest bits of an address are not
 * written. */
extern const uint32_t riscv_paint, riscv_guard;
const uint32_t riscv_paint = MEMORY_PAINT;
const uint32_t riscv_guard =
    ((SBNN_RAM_ORIGIN - (1u << GUARD_BITS)) >> 2) | ((1u << (GUARD_BITS - 3u)) - 1u);

int main(void);
noreturn void start(void);
noreturn void fault_reset(void);
void interrupt(uint32_t cause);

noreturn void start(void) {
    const uint32_t *from = linker_data_load;
    for (uint32_t *to = linker_data_start; to != linker_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = linker_bss_start; to != linker_bss_end; to++) {
        *to = 0;
    }
    setup_run();
    soc_open();
    RISCV_SET(mstatus, MSTATUS_MIE);
    (void)main();
    cpu_reset();
}

void interrupt(uint32_t cause) {
    if (!soc_interrupt(cause)) {
        fault_reset();
    }
}

noreturn void fault_reset(void) {
    stay_request(stay_after_fault);
    cpu_reset();
}

uint32_t cpu_mask(void) {
    uint32_t state;
    __asm volatile(RISCV_WITH("zicsr", "csrrci %0, mstatus, %1")
                   : "=r"(state)
                   : "i"(MSTATUS_MIE)
                   : "memory");
    return state & MSTATUS_MIE;
}

void cpu_unmask(uint32_t state) {
    RISCV_SET(mstatus, state);
}

void cpu_sleep(void) {
    soc_sleep();
}

void cpu_barrier(void) {
    __asm volatile("fence\n" RISCV_WITH("zifencei", "fence.i")::: "memory");
}

void cpu_use_caches(void) {
    /* The architecture has no switch for caches. */
}

noreturn void cpu_start(uint32_t vectors) {
    (void)cpu_mask();
    soc_close();
    cpu_barrier();
    __asm volatile("jr %0" ::"r"(vectors));
    __builtin_unreachable();
}

noreturn void cpu_reset(void) {
    (void)cpu_mask();
    cpu_barrier();
    soc_reset();
}
