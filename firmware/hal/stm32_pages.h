/* The steps in which ST's newer flash is erased by the page and written by the word (L4, G0, U5), each
 * word once after an erase, with an error-correcting code. The registers of these chips differ: a
 * driver defines them under the names that are used here, and the three functions below, and then
 * includes this file. */
#ifndef SBNN_HAL_STM32_PAGES_H
#define SBNN_HAL_STM32_PAGES_H

#include "board.h"
#include "hal/cortex_m.h"
#include "hal/flash.h"
#include "hal/flash_words.h"
#include "hal/wait.h"
#include "runtime/bytes.h"

_Static_assert(SBNN_FLASH_PAGE_BYTES == PAGE_BYTES, "a page is the chip's");

/* What CR must hold to erase the page at `address`, without the start; 0 where the chip's option bytes
 * place the pages otherwise than the driver numbers them. */
static uint32_t choice_of(uint32_t address);

/* Before and after each change of the flash: caches that would keep what it held. They are empty
 * afterwards. */
static void leave_caches(void);
static void empty_caches(void);

const bool flash_lets_interrupts_in = false;

static bool wait(uint32_t flags) {
    return wait_until(SR_AT, flags, 0, WAIT_FLASH);
}

static void unlock(void) {
    (void)wait(SR_BUSY);
    if (CR & CR_LOCK) {
        /* ST's keys, in this order; after a wrong one the flash stays locked until the next reset. */
        KEYR = 0x45670123u;
        KEYR = 0xCDEF89ABu;
    }
    SR = SR_CLEAR;
    leave_caches();
}

/* Wait until the flash is done, and lock it. Returns whether it is done, without an error. */
static bool finish(void) {
    bool right = wait(SR_BUSY) && (SR & SR_ERRORS) == 0u;
    SR = SR_CLEAR;
    if (SR_SETTLES != 0u) { /* its registers are busy a little longer than it is itself */
        right = wait(SR_SETTLES) && right;
    }
    CR = CR_LOCK;
    empty_caches();
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

/* Whether a word with two wrong bits was read since the last call. */
static bool take_torn(void) {
    bool torn = false;
    for (uint32_t i = 0; i < ECCRS; i++) {
        if (ECCR(i) & ECCR_TORN) {
            ECCR(i) = ECCR_TORN; /* writing 1 clears */
            torn = true;
        }
    }
    return torn;
}

static volatile bool is_reading, was_torn;

/* A word with two wrong bits is an NMI, but only if it comes from the flash and not from a cache. */
bool flash_is_readable(uint32_t address, uint32_t count) {
    leave_caches();
    was_torn = false;
    is_reading = true;
    cortex_m_read_all(address, count);
    const bool torn = take_torn() || was_torn;
    is_reading = false;
    empty_caches();
    return !torn;
}

bool flash_takes_nmi(void) {
    if (!is_reading || !take_torn()) {
        return false;
    }
    cortex_m_barrier();
    was_torn = true;
    return true;
}

bool flash_erase(uint32_t address) {
    const uint32_t choice = choice_of(address);
    if (choice == 0u) {
        return false;
    }
    unlock();
    CR = choice;
    CR = choice | CR_START;
    cortex_m_barrier(); /* the start arrives before the status is read */
    return finish() && flash_is_readable(address, PAGE_BYTES) &&
           flash_words_blank(flash_at(address), PAGE_BYTES);
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    return flash_is_readable(address, count) &&
           flash_words_write(address, bytes, count, WORD_BYTES, program);
}

#endif
