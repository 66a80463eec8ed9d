/* The flash of an STM32F4 or F7 (ST RM0090, RM0390; RM0410, as one bank): written in 32-bit words. The
 * first sectors are small: board.toml's first page is all of them together, two of which may hold the
 * journal. Each later page is one sector. Writing 32 bits at once requires a supply of at least 2.7
 * V. */
#include <string.h>

#include "board.h"
#include "hal/cortex_m.h"
#include "hal/flash.h"
#include "hal/wait.h"
#include "runtime/bytes.h"

#define PAGE SBNN_FLASH_PAGE_BYTES

#define FLASH_R 0x40023C00u
#define ACR REGISTER(FLASH_R + 0x00u)
#define ACR_CACHES (3u << 9) /* instruction and data cache; on an F7 the ART cache of the ITCM bus */
#define ACR_RESET(caches) ((caches) << 2) /* the caches may be reset only while they are off */
#define KEYR REGISTER(FLASH_R + 0x04u)
#define SR REGISTER(FLASH_R + 0x0Cu)
#define SR_BUSY (1u << 16)
#define SR_CLEAR 0xF3u /* EOP, operation and programming errors: writing 1 clears */
#define CR REGISTER(FLASH_R + 0x10u)
#define CR_PROGRAM (1u << 0)
#define CR_SECTOR_ERASE (1u << 1)
#define CR_SECTOR(n) ((n) << 3)
#define CR_WORDS (2u << 8)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)

static bool wait(void) {
    return wait_until(FLASH_R + 0x0Cu, SR_BUSY, 0, WAIT_FLASH);
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

/* Lock the flash, and drop what the caches hold of these bytes: it is out of date. */
static void lock(uint32_t address, uint32_t count) {
    CR = CR_LOCK;
    const uint32_t before = ACR;
    const uint32_t off = before & ~ACR_CACHES;
    ACR = off;
    ACR = off | ACR_RESET(before & ACR_CACHES);
    ACR = off;
    ACR = before;
    cortex_m_forget(address, count);
}

typedef struct {
    uint32_t number;
    uint32_t bytes;
} sector;

/* The sector that begins at `address`. */
static sector sector_at(uint32_t address) {
    static const uint32_t first[] = {SBNN_FLASH_FIRST_SECTORS};
    sector found = {sizeof first / sizeof first[0] - 1u + (address - SBNN_FLASH_ORIGIN) / PAGE, PAGE};
    if (address - SBNN_FLASH_ORIGIN < PAGE) {
        uint32_t start = SBNN_FLASH_ORIGIN;
        found.number = 0;
        while (start + first[found.number] <= address) {
            start += first[found.number];
            found.number++;
        }
        found.bytes = first[found.number];
    }
    return found;
}

static bool erase_sector(uint32_t sector) {
    CR = CR_SECTOR_ERASE | CR_SECTOR(sector) | CR_WORDS;
    CR = CR_SECTOR_ERASE | CR_SECTOR(sector) | CR_WORDS | CR_START;
    cortex_m_barrier(); /* the start arrives before the status is read (ST's HAL does the same) */
    return wait();
}

const bool flash_lets_interrupts_in = false;

const uint8_t *flash_at(uint32_t address) {
    return (const uint8_t *)(uintptr_t)address;
}

/* Refuses any address before the journal: that is the bootloader itself. */
bool flash_erase(uint32_t address) {
    const uint32_t *const words = (const uint32_t *)(uintptr_t)address;
    if (address < SBNN_JOURNAL_ORIGIN) {
        return false;
    }
    const sector chosen = sector_at(address);
    unlock();
    bool done = erase_sector(chosen.number);
    lock(address, chosen.bytes);
    for (uint32_t i = 0; i < chosen.bytes / 4u && done; i++) {
        done = words[i] == 0xFFFFFFFFu;
    }
    return done;
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    if (address % 4u != 0u || count % 4u != 0u) {
        return false;
    }
    unlock();
    CR = CR_PROGRAM | CR_WORDS;
    bool done = true;
    for (uint32_t i = 0; i < count && done; i += 4u) {
        REGISTER(address + i) = bytes_load32(bytes + i);
        cortex_m_barrier(); /* store and status use different buses: wait for the store before reading
                               SR */
        done = wait();
    }
    lock(address, count);
    return done && memcmp(flash_at(address), bytes, count) == 0;
}
