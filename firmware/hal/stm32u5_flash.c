/* The flash of an STM32U575 and U585 without TrustZone (ST RM0456): two banks of 8 KB pages, written in
 * words of 128 bits. The instruction cache also holds constants, so it is invalidated after each
 * change. */
#include "board.h"
#include "hal/cortex_m.h"
#include "hal/flash.h"
#include "hal/flash_words.h"
#include "hal/wait.h"
#include "runtime/bytes.h"

#define PAGE_BYTES 0x2000u
#define BANK_PAGES (SBNN_FLASH_BYTES / PAGE_BYTES / 2u)
#define WORD_BYTES 16u

#define FLASH_R 0x40022000u
#define KEYR REGISTER(FLASH_R + 0x08u)
#define SR REGISTER(FLASH_R + 0x20u)
#define SR_BUSY (1u << 16 | 1u << 17) /* busy, or a word begun */
#define SR_ERRORS (1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7)
#define SR_CLEAR (SR_ERRORS | 1u << 0) /* writing 1 clears */
#define CR REGISTER(FLASH_R + 0x28u)
#define CR_PROGRAM (1u << 0)
#define CR_PAGE_ERASE (1u << 1)
#define CR_PAGE(n) ((n) << 3)
#define CR_SECOND_BANK (1u << 11)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)

#define ECCR REGISTER(FLASH_R + 0x30u)
#define ECCR_TORN (1u << 31) /* two wrong bits in a word that was read: an NMI; writing 1 clears */

#define ICACHE_CR REGISTER(0x40030400u)
#define ICACHE_CR_ON (1u << 0)
#define ICACHE_CR_EMPTY (1u << 1)
#define ICACHE_SR 0x40030404u
#define ICACHE_SR_BUSY (1u << 0)

_Static_assert(SBNN_FLASH_PAGE_BYTES == PAGE_BYTES, "a page is the chip's");

const bool flash_lets_interrupts_in = false;

static bool wait(void) {
    return wait_until(FLASH_R + 0x20u, SR_BUSY, 0, WAIT_FLASH);
}

static void unlock(void) {
    (void)wait();
    if (CR & CR_LOCK) {
        /* ST's keys, in this order; after a wrong one the flash stays locked until the next reset. */
        KEYR = 0x45670123u;
        KEYR = 0xCDEF89ABu;
    }
    SR = SR_CLEAR;
}

/* Wait until the flash is done, lock it and invalidate the instruction cache. Returns whether the flash
 * is done, without an error. */
static bool finish(void) {
    const bool right = wait() && (SR & SR_ERRORS) == 0u;
    SR = SR_CLEAR;
    CR = CR_LOCK;
    if (ICACHE_CR & ICACHE_CR_ON) {
        ICACHE_CR |= ICACHE_CR_EMPTY; /* the number of ways must not change while it is on */
        (void)wait_until(ICACHE_SR, ICACHE_SR_BUSY, 0, WAIT_CLOCK);
    }
    cortex_m_barrier();
    return right;
}

static bool program(uint32_t address, const uint8_t *word) {
    unlock();
    CR = CR_PROGRAM;
    cortex_m_barrier();
    for (uint32_t i = 0; i < WORD_BYTES; i += 4u) {
        REGISTER(address + i) = bytes_load32(word + i);
    }
    cortex_m_barrier();
    return finish();
}

const uint8_t *flash_at(uint32_t address) {
    return (const uint8_t *)(uintptr_t)address;
}

static volatile bool is_reading, was_torn;

/* A word with two wrong bits is an NMI. */
bool flash_is_readable(uint32_t address, uint32_t count) {
    was_torn = false;
    is_reading = true;
    cortex_m_read_all(address, count);
    const bool torn = was_torn || (ECCR & ECCR_TORN) != 0u;
    ECCR = ECCR_TORN;
    is_reading = false;
    return !torn;
}

bool flash_takes_nmi(void) {
    if (!is_reading || (ECCR & ECCR_TORN) == 0u) {
        return false;
    }
    ECCR = ECCR_TORN;
    cortex_m_barrier();
    was_torn = true;
    return true;
}

bool flash_erase(uint32_t address) {
    const uint32_t number = (address - SBNN_FLASH_ORIGIN) / PAGE_BYTES;
    const uint32_t page =
        CR_PAGE(number % BANK_PAGES) | (number < BANK_PAGES ? 0u : CR_SECOND_BANK) | CR_PAGE_ERASE;
    unlock();
    CR = page;
    CR = page | CR_START;
    cortex_m_barrier();
    return finish() && flash_is_readable(address, PAGE_BYTES) &&
           flash_words_blank(flash_at(address), PAGE_BYTES);
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    return flash_is_readable(address, count) &&
           flash_words_write(address, bytes, count, WORD_BYTES, program);
}
