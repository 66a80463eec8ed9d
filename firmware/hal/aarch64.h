/* The system registers of an AArch64 core at EL1 (Arm Architecture Reference Manual for A-profile), and
 * the functions that each chip adds. */
#ifndef SBNN_HAL_AARCH64_H
#define SBNN_HAL_AARCH64_H

#include <stdint.h>
#include <stdnoreturn.h>

#define AARCH64_READ(name)                                                                             \
    __extension__({                                                                                    \
        uint64_t read_value;                                                                           \
        __asm volatile("mrs %0, " #name : "=r"(read_value)::"memory");                                 \
        read_value;                                                                                    \
    })
#define AARCH64_WRITE(name, value)                                                                     \
    __asm volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

#define CNTP_CTL_ENABLE 1u

#define PMCR_ENABLE (1u << 0)
#define PMCR_LONG (1u << 6) /* the cycle counter has 64 bits */
#define PMCNTEN_CYCLES (1u << 31)

#define MAIR_NORMAL 0xFFu /* attribute 0: cached, write-back; attribute 1: device */
#define TCR_32_BITS 32u
#define TCR_CACHED                                                                                     \
    (1u << 8 | 1u << 10 | 3u << 12) /* table walks are cached, write-back, inner shareable */
#define TCR_NO_UPPER_HALF (1u << 23)
#define SCTLR_OFF 0x30D00800u /* the reserved bits that must be 1; MMU and caches off */
#define SCTLR_MMU (1u << 0)
#define SCTLR_DATA_CACHE (1u << 2)
#define SCTLR_INSTRUCTION_CACHE (1u << 12)

/* The exception vector table; the linker script places it. */
extern uint32_t exceptions[];

static inline void aarch64_barrier(void) {
    __asm volatile("dsb sy\n isb" ::: "memory");
}

/* Write all caches back to memory and empty them, with MMU and caches off, and go to `address`. */
noreturn void aarch64_leave(uint64_t address);

/* Each file hal/<soc>_soc.c defines these two. soc_open lets the core's timer wake it; soc_reset resets
 * all of the chip except RAM. */
void soc_open(void);
noreturn void soc_reset(void);

#endif
