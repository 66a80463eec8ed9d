/* The control registers of a RISC-V core in machine mode (The RISC-V Instruction Set Manual, volume
 * II), and the functions that each chip adds. */
#ifndef SBNN_HAL_RISCV_H
#define SBNN_HAL_RISCV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* Neither the names of targets nor GCC 12's libraries list the instructions for control registers
 * ("Zicsr") as a part of their own. */
#define RISCV_WITH(extension, instruction)                                                             \
    ".option push\n.option arch, +" extension "\n" instruction "\n.option pop"

#define RISCV_READ(name)                                                                               \
    __extension__({                                                                                    \
        uint32_t read_value;                                                                           \
        __asm volatile(RISCV_WITH("zicsr", "csrr %0, " #name) : "=r"(read_value)::"memory");           \
        read_value;                                                                                    \
    })
#define RISCV_WRITE(name, value)                                                                       \
    __asm volatile(RISCV_WITH("zicsr", "csrw " #name ", %0")::"r"((uint32_t)(value)) : "memory")
#define RISCV_SET(name, bits)                                                                          \
    __asm volatile(RISCV_WITH("zicsr", "csrs " #name ", %0")::"r"((uint32_t)(bits)) : "memory")
#define RISCV_CLEAR(name, bits)                                                                        \
    __asm volatile(RISCV_WITH("zicsr", "csrc " #name ", %0")::"r"((uint32_t)(bits)) : "memory")

#define MSTATUS_MIE (1u << 3)
#define MCAUSE_INTERRUPT (1u << 31) /* with the number of the interrupt in the lower bits */

/* Each file hal/<soc>_soc.c defines these, and cpu_enable_interrupt. A chip need not have the registers
 * `mie` and `mip`. */

/* The time since power-on in ticks of SBNN_COUNTER_HZ. It goes on while the core sleeps. */
uint64_t soc_clock(void);

/* Let the interrupts that cpu_enable_interrupt enables reach the core. */
void soc_open(void);

/* Called with interrupts masked: wait until one is pending, at most 10 ms, the resolution of deadlines.
 * It may be handled meanwhile. */
void soc_sleep(void);

/* Handle the interrupt that the core reports by `cause`, the value of mcause. Returns false if it is
 * not one that was enabled. */
bool soc_interrupt(uint32_t cause);

/* Disable all interrupts. */
void soc_close(void);

/* Reset all of the chip except RAM. */
noreturn void soc_reset(void);

#endif
