/* The registers of a Cortex-M core (Armv6-M, Armv7-M and Armv8-M Architecture Reference Manuals) and
 * its vectors.
 */
#ifndef SBNN_HAL_CORTEX_M_H
#define SBNN_HAL_CORTEX_M_H

#include <stdint.h>

#include "hal/register.h"

/* Armv6-M: software cannot read the debug unit; HardFault is the only fault, and there is no FPU to
 * switch on. */
#define CORTEX_M_BASELINE (__ARM_ARCH_ISA_THUMB < 2)

#define DWT_CTRL REGISTER(0xE0001000u)
#define DWT_CTRL_CYCCNTENA 1u
#define DWT_CYCCNT REGISTER(0xE0001004u)
#define DWT_LAR REGISTER(0xE0001FB0u)
#define DWT_LAR_KEY 0xC5ACCE55u

#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_CSR_ENABLE 1u
#define SYST_CSR_TICKINT 2u
#define SYST_CSR_CLKSOURCE 4u /* the processor's clock */
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)

#define NVIC_REGISTERS (CORTEX_M_BASELINE ? 1u : 8u)
#define NVIC_ISER(n) REGISTER(0xE000E100u + 4u * (n))
#define NVIC_ICER(n) REGISTER(0xE000E180u + 4u * (n))
#define NVIC_ICPR(n) REGISTER(0xE000E280u + 4u * (n))

#define SCB_ICSR REGISTER(0xE000ED04u)
#define SCB_ICSR_PENDSTSET (1u << 26)
#define SCB_ICSR_PENDSTCLR (1u << 25)
#define SCB_VTOR REGISTER(0xE000ED08u)
#define SCB_AIRCR REGISTER(0xE000ED0Cu)
/* A write without the key 0x05FA is ignored. */
#define SCB_AIRCR_SYSRESETREQ (0x05FA0000u | 1u << 2)
#define SCB_CCR REGISTER(0xE000ED14u)
#define SCB_CCR_IGNORES_BUS_FAULTS (1u << 8) /* of data, at the priority of FAULTMASK or an NMI */
#define SCB_CCR_DATA_CACHE (1u << 16)
#define SCB_CCR_INSTRUCTION_CACHE (1u << 17)
#define SCB_CCR_LOOPS (1u << 19) /* Armv8.1-M: the cache of low-overhead branches */
#define SCB_CLIDR REGISTER(0xE000ED78u)
#define SCB_CLIDR_INSTRUCTION (1u << 0) /* level 1 has an instruction cache */
#define SCB_CLIDR_DATA (1u << 1)
#define SCB_CCSIDR REGISTER(0xE000ED80u)
#define SCB_CCSIDR_LINE_BITS(size) (((size) & 7u) + 4u)
#define SCB_CCSIDR_LAST_WAY(size) ((size) >> 3 & 0x3FFu)
#define SCB_CCSIDR_LAST_SET(size) ((size) >> 13 & 0x7FFFu)
#define SCB_CSSELR REGISTER(0xE000ED84u)
#define SCB_CSSELR_DATA 0u /* the first-level data cache */
#define SCB_ICIALLU REGISTER(0xE000EF50u)
#define SCB_DCISW REGISTER(0xE000EF60u)
#define SCB_DCCISW REGISTER(0xE000EF74u)
#define SCB_DCIMVAC REGISTER(0xE000EF5Cu)
#define SCB_DCCMVAC REGISTER(0xE000EF68u)
#define SCB_SHCSR REGISTER(0xE000ED24u)
#define SCB_SHCSR_FAULTS (7u << 16)    /* enable the usage, bus and memory fault handlers */
#define MPU_TYPE REGISTER(0xE000ED90u) /* 0 where there is no MPU */
#define MPU_CTRL REGISTER(0xE000ED94u)
#define MPU_CTRL_ENABLE 1u
#define MPU_CTRL_PRIVDEFENA 4u /* the default memory map applies where no region is defined */
#define MPU_RNR REGISTER(0xE000ED98u)
#define MPU_RBAR REGISTER(0xE000ED9Cu)
#define MPU_RASR REGISTER(0xE000EDA0u)
#define MPU_RASR_ENABLE 1u
#define MPU_RASR_SIZE(bits)                                                                            \
    (((bits) - 1u) << 1) /* 2^bits bytes; without access rights, because no other bit is set */

#define SCB_DEMCR REGISTER(0xE000EDFCu)
#define SCB_DEMCR_TRCENA (1u << 24)

/* Handlers that the vector table of cortex_m_startup.c names; the drivers of counter and UART define
 * them. */
void systick_interrupt(void);
void uart_interrupt(void);

/* Guard the process stack: an access below `bottom`, the start of RAM, faults. cpu_start removes the
 * guard. */
void cortex_m_guard_stack(const uint32_t *bottom);

/* Disable and clear every interrupt, and remove the guard: the next program has other handlers and
 * another stack. */
void cortex_m_forget_program(void);

/* Write back and empty both caches, and switch them off, if they are on: a boot ROM or a debugger may
 * have left them so. Interrupts must be off. */
void cortex_m_leave_caches(void);

/* Invalidate the data cache's lines of this range, if the cache is on. Call it after something other
 * than the core has changed that memory. */
void cortex_m_forget(uint32_t address, uint32_t count);

/* Read every word of this range. A bus fault is ignored, except on Armv6-M; an NMI is taken. */
void cortex_m_read_all(uint32_t address, uint32_t count);

/* DSB and ISB: wait until earlier writes are complete, then fetch the following instructions again. */
static inline void cortex_m_barrier(void) {
    __asm volatile("dsb\n isb" ::: "memory");
}

#endif
