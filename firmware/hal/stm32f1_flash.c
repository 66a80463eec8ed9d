/* The flash of an STM32F1 (ST PM0075): pages of one size, written in halfwords. */
#include <string.h>

#include "board.h"
#include "hal/cortex_m.h"
#include "hal/flash.h"
#include "hal/wait.h"

#define FPEC 0x40022000u
#define FPEC_KEYR REGISTER(FPEC + 0x04u)
#define FPEC_SR REGISTER(FPEC + 0x0Cu)
#define SR_BUSY (1u << 0)
#define SR_CLEAR (1u << 2 | 1u << 4 | 1u << 5) /* PGERR, WRPRTERR, EOP: writing 1 clears */
#define FPEC_CR REGISTER(FPEC + 0x10u)
#define CR_PROGRAM (1u << 0)
#define CR_PAGE_ERASE (1u << 1)
#define CR_START (1u << 6)
#define CR_LOCK (1u << 7)
#define FPEC_AR REGISTER(FPEC + 0x14u)

static bool wait(void) {
    return wait_until(FPEC + 0x0Cu, SR_BUSY, 0, WAIT_FLASH);
}

static void unlock(void) {
    (void)wait();
    if (FPEC_CR & CR_LOCK) {
        /* ST's keys, in this order; after a wrong one the flash stays locked until the next reset. */
        FPEC_KEYR = 0x45670123u;
        FPEC_KEYR = 0xCDEF89ABu;
    }
    FPEC_SR = SR_CLEAR;
}

static bool is_blank(const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != 0xFFu) {
            return false;
        }
    }
    return true;
}

const bool flash_lets_interrupts_in = false;

const uint8_t *flash_at(uint32_t address) {
    return (const uint8_t *)(uintptr_t)address;
}

bool flash_erase(uint32_t address) {
    unlock();
    FPEC_CR = CR_PAGE_ERASE;
    FPEC_AR = address;
    FPEC_CR = CR_PAGE_ERASE | CR_START;
    cortex_m_barrier(); /* the start arrives before the status is read (ST's HAL does the same) */
    const bool done = wait();
    FPEC_CR = CR_LOCK;
    return done && is_blank(flash_at(address), SBNN_FLASH_PAGE_BYTES);
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    if (address % 2u != 0u || count % 2u != 0u) {
        return false;
    }
    unlock();
    FPEC_CR = CR_PROGRAM;
    bool done = true;
    for (uint32_t i = 0; i < count && done; i += 2u) {
        *(volatile uint16_t *)(uintptr_t)(address + i) = (uint16_t)(bytes[i] | bytes[i + 1u] << 8);
        done = wait();
    }
    FPEC_CR = CR_LOCK;
    return done && memcmp(flash_at(address), bytes, count) == 0;
}
