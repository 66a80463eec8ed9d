/* The hardware of the fake board: a script of what arrives over the line, and flash that can fail.
 *
 * The script is read from standard input: "b" and a byte that arrives, "s" for 50 ms of silence, "l"
 * for a minute of silence, "f" for flash that fails from now on. The program ends when the script ends.
 * What the program sends goes to standard output, followed by the contents of the flash if
 * FAKE_SHOWS_FLASH is defined.
 *
 * Two environment variables say how the board was before: FAKE_FLASH, a file with the contents of the
 * flash, and FAKE_CRASHED, if the watchdog caused the reset. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "hal/counter.h"
#include "hal/cpu.h"
#include "hal/flash.h"
#include "hal/memory.h"
#include "hal/setup.h"
#include "hal/stay.h"
#include "hal/uart.h"
#include "hal/watchdog.h"

static uint8_t flash[SBNN_FLASH_BYTES];
static bool flash_fails;
static uint64_t now;

static noreturn void end(const char *words) {
    fputs(words, stdout);
#ifdef FAKE_SHOWS_FLASH
    fwrite(flash, 1, sizeof flash, stdout);
#endif
    exit(0);
}

noreturn void cpu_reset(void) {
    end("reset");
}

void cpu_use_caches(void) {
}

noreturn void cpu_start(uint32_t vectors) {
    end(vectors == SBNN_SLOT_ORIGIN + 512u          ? "started"
        : vectors == SBNN_SECOND_SLOT_ORIGIN + 512u ? "second started"
                                                    : "lost");
}

setup_outcome setup_result(void) {
    return SETUP_COMPLETE;
}

void stay_request(stay_reason reason) {
    fputs(reason == STAY_ASKED ? "stay" : "crash", stdout);
}

stay_reason stay_take(void) {
    return STAY_NOT;
}

void watchdog_start(void) {
}

void watchdog_feed(void) {
}

bool watchdog_has_fired(void) {
    return getenv("FAKE_CRASHED") != NULL;
}

/* Both programs call it first, so it also fills the flash. */
void counter_open(void) {
    /* Bytes of 0xB0 are the bootloader, which no test may find changed. */
    memset(flash, 0xB0, SBNN_BOOTLOADER_BYTES);
    memset(flash + SBNN_BOOTLOADER_BYTES, 0xFF, SBNN_SLOT_BYTES);
    const char *const before = getenv("FAKE_FLASH");
    if (before != NULL) {
        FILE *const file = fopen(before, "rb");
        if (file == NULL || fread(flash, 1, sizeof flash, file) != sizeof flash) {
            abort();
        }
        fclose(file);
    }
}

uint64_t counter_clock(void) {
    return now;
}

uint64_t counter_now(void) {
    /* The same time passes between any two reads: it is the counter's own cost, which is taken off. */
    return now += 7;
}

const char *counter_name(void) {
    return "fake";
}

void counter_measure_mode(void) {
}

void counter_wait_mode(void) {
}

void uart_open(void) {
}

void uart_deafen(void) {
}

void uart_drain(void) {
}

bool uart_can_speed(uint32_t baud) {
    return baud == 921600u || baud == SBNN_UART_BAUD;
}

void uart_speed(uint32_t baud) {
#ifdef FAKE_SHOWS_SPEED
    printf("speed %u;", (unsigned)baud);
#else
    (void)baud;
#endif
}

bool uart_receive(uint8_t *byte, uint64_t deadline) {
    for (;;) {
        const int step = getchar();
        if (step == 'b') {
            *byte = (uint8_t)getchar();
            now += 1;
            return true;
        }
        if (step == 'f') {
            flash_fails = true;
        } else if (step == 's' || step == 'l') {
            now += (step == 's' ? 1u : 1200u) * (uint64_t)SBNN_COUNTER_HZ / 20u;
            if (now >= deadline) {
                return false;
            }
        } else if (step == EOF) {
            end("");
        }
    }
}

void uart_send(const uint8_t *bytes, uint32_t count) {
    fwrite(bytes, 1, count, stdout);
}

const bool flash_lets_interrupts_in = true;

const uint8_t *flash_at(uint32_t address) {
    if (address < SBNN_FLASH_ORIGIN || address - SBNN_FLASH_ORIGIN >= SBNN_FLASH_BYTES) {
        abort();
    }
    return flash + (address - SBNN_FLASH_ORIGIN);
}

bool flash_erase(uint32_t address) {
    const uint32_t offset = address - SBNN_FLASH_ORIGIN;
    if (address < SBNN_JOURNAL_ORIGIN || offset >= SBNN_FLASH_BYTES || offset % SBNN_FLASH_PAGE_BYTES) {
        abort();
    }
    if (!flash_fails) {
        memset(flash + offset, 0xFF, SBNN_FLASH_PAGE_BYTES);
    }
    return !flash_fails;
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    const uint32_t offset = address - SBNN_FLASH_ORIGIN;
    if (offset < SBNN_BOOTLOADER_BYTES - SBNN_JOURNAL_BYTES || offset + count > SBNN_FLASH_BYTES) {
        abort();
    }
    if (!flash_fails) {
        memcpy(flash + offset, bytes, count);
    }
    return !flash_fails;
}

uint32_t memory_stack_bytes(void) {
    return 1000;
}

uint32_t memory_stack_high_water(void) {
    return 500;
}

uint32_t memory_static_bytes(void) {
    return 2000;
}

void memory_paint(uint32_t *words, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        words[i] = MEMORY_PAINT;
    }
}

uint32_t memory_high_water(const uint32_t *words, uint32_t count) {
    while (count > 0 && words[count - 1] == MEMORY_PAINT) {
        count--;
    }
    return count * 4u;
}
