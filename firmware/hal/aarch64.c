/* An AArch64 core at EL1, with caches on and every virtual address mapped to the same physical
 * address. */
#include "hal/aarch64.h"

#include <stdnoreturn.h>

#include "board.h"
#include "hal/cpu.h"
#include "hal/memory.h"
#include "hal/register.h"
#include "hal/setup.h"
#include "hal/stay.h"
#include "hal/uart.h"

#define BLOCK_BITS 21u /* 2 MB: what one table entry maps */
#define BLOCK (1u << BLOCK_BITS)
#define BLOCKS 512u /* per table: 1 GB */
#define TABLES 4u   /* 4 GB: all that 32 bits address */
#define LINE_BYTES 64u

#define ENTRY_BLOCK 0x401u /* valid; access flag set, or the first access would fault */
#define ENTRY_TABLE 3u
#define ENTRY_SHARED (3u << 8)
#define ENTRY_DEVICE (1u << 2)
#define ENTRY_NO_CODE (3ull << 53)

_Static_assert(SBNN_RAM_ORIGIN % BLOCK == 0u, "the MMU protects aligned blocks");

extern uint64_t linker_data_load[], linker_data_start[], linker_data_end[];
extern uint64_t linker_bss_start[], linker_bss_end[];

/* The word that `reset` fills the stack with (aarch64_startup.S), so that memory.c can measure how much
 * was used. */
extern const uint32_t aarch64_paint;
const uint32_t aarch64_paint = MEMORY_PAINT;

int main(void);
noreturn void start(void);
noreturn void fault_reset(void);

/* The translation tables. map_memory writes every entry before the MMU reads any, so start-up need not
 * clear them. */
__attribute__((section(".tables"))) static _Alignas(4096) uint64_t blocks[TABLES][BLOCKS];
__attribute__((section(".tables"))) static _Alignas(32) uint64_t tables[TABLES];

/* The thread area that tpidr_el0 points to: two reserved words, then errno, the only thread-local
 * variable. The C library's mathematics writes errno. */
static _Alignas(16) uint64_t thread[4];

static int meets(uint64_t block, uint64_t origin, uint64_t bytes) {
    return block < origin + bytes && origin < block + BLOCK;
}

/* Flash and RAM are mapped as memory, all else as devices. The block below RAM is not mapped: a stack
 * that overflows into it faults. */
static uint64_t entry(uint64_t block) {
    if (meets(block, SBNN_FLASH_ORIGIN, SBNN_FLASH_BYTES) ||
        meets(block, SBNN_RAM_ORIGIN, SBNN_RAM_BYTES)) {
        return block | ENTRY_BLOCK | ENTRY_SHARED;
    }
    return block + BLOCK == SBNN_RAM_ORIGIN ? 0u : block | ENTRY_BLOCK | ENTRY_DEVICE | ENTRY_NO_CODE;
}

static void map_memory(void) {
    for (uint64_t i = 0; i < TABLES; i++) {
        tables[i] = (uint64_t)(uintptr_t)blocks[i] | ENTRY_TABLE;
        for (uint64_t j = 0; j < BLOCKS; j++) {
            blocks[i][j] = entry((i * BLOCKS + j) << BLOCK_BITS);
        }
    }
    AARCH64_WRITE(mair_el1, MAIR_NORMAL);
    AARCH64_WRITE(tcr_el1, TCR_32_BITS | TCR_CACHED | TCR_NO_UPPER_HALF);
    AARCH64_WRITE(ttbr0_el1, (uintptr_t)tables);
    aarch64_barrier();
    __asm volatile("tlbi vmalle1\n ic iallu" ::: "memory");
    aarch64_barrier();
    AARCH64_WRITE(sctlr_el1, SCTLR_OFF | SCTLR_MMU | SCTLR_DATA_CACHE | SCTLR_INSTRUCTION_CACHE);
    aarch64_barrier();
}

/* Write the lines of this range back from the data cache to memory. */
static void write_back(uint64_t from, uint64_t bytes) {
    for (uint64_t line = from & ~(uint64_t)(LINE_BYTES - 1u); line < from + bytes; line += LINE_BYTES) {
        __asm volatile("dc civac, %0" ::"r"(line) : "memory");
    }
    aarch64_barrier();
}

noreturn void start(void) {
    const uint64_t *from = linker_data_load;
    for (uint64_t *to = linker_data_start; to != linker_data_end; to++) {
        *to = *from++;
    }
    for (uint64_t *to = linker_bss_start; to != linker_bss_end; to++) {
        *to = 0;
    }
    map_memory();
    AARCH64_WRITE(tpidr_el0, (uintptr_t)thread);
    setup_run();
    soc_open();
    (void)main();
    cpu_reset();
}

noreturn void fault_reset(void) {
    stay_request(stay_after_fault);
    cpu_reset();
}

uint32_t cpu_mask(void) {
    return 0;
}

void cpu_unmask(uint32_t state) {
    (void)state;
}

/* Interrupts wake the core but stay masked, so no handler runs: the UART's bytes are fetched here. */
void cpu_sleep(void) {
    AARCH64_WRITE(cntp_tval_el0,
                  AARCH64_READ(cntfrq_el0) / 100u); /* 10 ms: the resolution of deadlines */
    AARCH64_WRITE(cntp_ctl_el0, CNTP_CTL_ENABLE);
    __asm volatile("isb\n dsb sy\n wfi" ::: "memory");
    AARCH64_WRITE(cntp_ctl_el0, 0);
    uart_interrupt();
}

void cpu_barrier(void) {
    aarch64_barrier();
}

void cpu_use_caches(void) {
    /* map_memory has switched the caches on. cpu_start writes back what they hold. */
}

noreturn void cpu_start(uint32_t vectors) {
    AARCH64_WRITE(cntp_ctl_el0, 0);
    /* "Flash" is DRAM here: the image must be in memory, because the next program starts without
     * caches. And no line of this program's RAM may stay in them: it would replace what the next one
     * has written there as soon as that switches its caches on. */
    aarch64_leave(vectors);
}

noreturn void cpu_reset(void) {
    write_back(SBNN_STAY_ADDRESS, LINE_BYTES);
    soc_reset();
}
