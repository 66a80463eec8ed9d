#include "bootloader/an3155.h"

#include <string.h>

#include "board.h"
#include "bootloader/slots.h"
#include "hal/counter.h"
#include "hal/flash.h"
#include "hal/register.h"
#include "hal/setup.h"
#include "hal/uart.h"
#include "hal/watchdog.h"
#include "runtime/bytes.h"

#define CALL 0x7Fu
#define ACK 0x79u
#define NACK 0x1Fu
#define PROTOCOL_VERSION 0x33u

enum {
    GET = 0x00,
    GET_VERSION = 0x01,
    GET_ID = 0x02,
    SPEED = 0x03, /* from AN3154, with a rate of four bytes */
    READ_MEMORY = 0x11,
    GO = 0x21,
    WRITE_MEMORY = 0x31,
    ERASE = 0x43,
    EXTENDED_ERASE = 0x44,
    GET_CHECKSUM = 0xA1,
    LONG_WRITE = 0xB1,  /* our own: Write Memory with a count of two bytes */
    GET_OPTIONS = 0xB2, /* our own: the registers with the chip's option bytes */
};

#define WRITE_BYTES (2u + 5u + 1u + 256u + 1u) /* the longest Write Memory: command, address, block */
#define LONG_WRITE_MOST 1024u                  /* data bytes of one Long Write */

#define ERASE_ALL 0xFFu
#define EXTENDED_ERASE_ALL 0xFFFFu
#define EXTENDED_ERASE_SPECIAL                                                                         \
    0xFFF0u /* this and higher values are no count of pages: all, or a bank */

#define PAGES (SBNN_FLASH_BYTES / SBNN_FLASH_PAGE_BYTES)
#define FIRST_PAGE                                                                                     \
    (SBNN_BOOTLOADER_BYTES / SBNN_FLASH_PAGE_BYTES) /* first page of the application slot */

#define QUIET_TICKS (SBNN_COUNTER_HZ / 50u) /* 20 ms: longer than a USB adapter delays a byte */
#define PATIENCE_TICKS (2u * (uint64_t)SBNN_COUNTER_HZ) /* for a command to arrive completely... */
#define PATIENCE_BYTE_TICKS                                                                            \
    (20u * (uint64_t)SBNN_COUNTER_HZ /                                                                 \
     SBNN_UART_BAUD) /* ...and per data byte; 20 bit times, twice what a byte takes */

#define FEED_TICKS ((uint64_t)SBNN_COUNTER_HZ) /* feed the watchdog at least once a second */

#define SPEED_TICKS (2u * (uint64_t)SBNN_COUNTER_HZ) /* for a host to call at a new rate */

/* When to give up the command that is being received. */
static uint64_t deadline;

/* Why the last Go was refused; before the first one, what start-up has to report. */
static image_verdict refused;

/* The data of the write command that is being received. */
static uint8_t block[LONG_WRITE_MOST];

/* The pages, as bits, that the erase command being received has named. */
static uint32_t chosen[(PAGES + 31u) / 32u];

static void expect(uint32_t data_bytes) {
    deadline = counter_clock() + PATIENCE_TICKS + data_bytes * PATIENCE_BYTE_TICKS;
}

#if SBNN_WATCHDOG_OUTLIVES_RESET

/* Wait for a byte, and feed the watchdog that an application may have left on. */
static bool receive_until(uint8_t *byte, uint64_t until) {
    for (;;) {
        const uint64_t hunger = counter_clock() + FEED_TICKS;
        watchdog_feed();
        if (uart_receive(byte, until < hunger ? until : hunger)) {
            return true;
        }
        if (until < hunger) {
            return false;
        }
    }
}

#else
#define receive_until uart_receive
#endif

static bool receive(uint8_t *byte) {
    return receive_until(byte, deadline);
}

static void answer(uint8_t byte) {
    uart_send(&byte, 1);
}

static void refuse(void) {
    uint8_t late;
    while (uart_receive(&late, counter_clock() + QUIET_TICKS)) {
    }
    answer(NACK);
}

static bool in_flash(uint32_t address, uint32_t count) {
    const uint32_t offset = address - SBNN_FLASH_ORIGIN;
    return offset < SBNN_FLASH_BYTES && count <= SBNN_FLASH_BYTES - offset;
}

static bool in_slot(uint32_t address, uint32_t count) {
    const uint32_t offset = address - SBNN_SLOT_ORIGIN;
    return offset < SBNN_SLOT_BYTES && count <= SBNN_SLOT_BYTES - offset;
}

/* Receive four bytes, the highest first, and their XOR. Returns false if they did not arrive, or were
 * wrong and have been refused. */
static bool receive_word(uint32_t *word) {
    uint8_t check = 0;
    *word = 0;
    for (int i = 0; i < 5; i++) {
        uint8_t byte;
        if (!receive(&byte)) {
            return false;
        }
        check ^= byte;
        if (i < 4) {
            *word = *word << 8 | byte;
        }
    }
    if (check != 0u) {
        refuse();
        return false;
    }
    return true;
}

/* Receive an address. An address in the alias of the flash is converted to one in the flash. */
static bool receive_address(uint32_t *address) {
    if (!receive_word(address)) {
        return false;
    }
    if (*address - SBNN_FLASH_ALIAS < SBNN_FLASH_BYTES) {
        *address += SBNN_FLASH_ORIGIN - SBNN_FLASH_ALIAS;
    }
    return true;
}

static void get(void) {
    static const uint8_t commands[] = {
        GET,         GET_VERSION,  GET_ID, SPEED,
#if SBNN_SENDS_FLASH
        READ_MEMORY,
#endif
        GO,          WRITE_MEMORY, ERASE,  EXTENDED_ERASE, GET_CHECKSUM, LONG_WRITE,
#ifdef SBNN_OPTION_REGISTERS
        GET_OPTIONS,
#endif
    };
    answer(ACK);
    answer(sizeof commands); /* bytes that follow, less one: the version comes before the commands */
    answer(PROTOCOL_VERSION);
    uart_send(commands, sizeof commands);
    answer(ACK);
}

/* The first option byte (0 in ST's bootloaders) is the number of Write Memory commands that fit into
 * the ring while another one is being executed. */
static void get_version(void) {
    const uint8_t ahead = flash_lets_interrupts_in ? UART_RING_BYTES / WRITE_BYTES - 1u : 0u;
    const uint8_t reply[] = {ACK, PROTOCOL_VERSION, ahead,
                             (uint8_t)(slots_features() | (uint8_t)refused), ACK};
    uart_send(reply, sizeof reply);
}

static void get_id(void) {
    static const uint8_t reply[] = {ACK, 1, SBNN_CHIP_ID >> 8, SBNN_CHIP_ID & 0xFFu, ACK};
    uart_send(reply, sizeof reply);
}

#ifdef SBNN_OPTION_REGISTERS

/* The number of the registers, then each with its highest byte first, then the XOR of all these bytes.
 */
static void get_options(void) {
    static const uint32_t registers[] = {SBNN_OPTION_REGISTERS};
    const uint32_t count = sizeof registers / sizeof registers[0];
    uint8_t reply[2u + sizeof registers + 1u] = {ACK, (uint8_t)count};
    uint8_t check = (uint8_t)count;
    for (uint32_t i = 0; i < sizeof registers; i++) {
        reply[2u + i] = (uint8_t)(REGISTER(registers[i / 4u]) >> (24u - 8u * (i % 4u)));
        check ^= reply[2u + i];
    }
    reply[sizeof reply - 1u] = check;
    uart_send(reply, sizeof reply);
}

#endif

#if SBNN_SENDS_FLASH
static void read_memory(void) {
    uint32_t address;
    uint8_t count, complement;
    answer(ACK);
    if (!receive_address(&address)) {
        return;
    }
    if (!in_flash(address, 1)) {
        refuse();
        return;
    }
    answer(ACK);
    if (!receive(&count) || !receive(&complement)) {
        return;
    }
    if ((count ^ complement) != 0xFF || !in_flash(address, count + 1u)) {
        refuse();
        return;
    }
    if (!flash_is_readable(address, count + 1u)) {
        refuse();
        return;
    }
    answer(ACK);
    uart_send(flash_at(address), count + 1u);
}
#endif

/* Both write commands: the count less one in `width` bytes, the highest first, then the data, then the
 * XOR of all these bytes. */
static void write_memory(int width) {
    uint32_t address, count = 0;
    uint8_t byte, check = 0;
    answer(ACK);
    if (!receive_address(&address)) {
        return;
    }
    if (!in_slot(address, 1)) {
        refuse();
        return;
    }
    answer(ACK);
    expect(sizeof block);
    for (int i = 0; i < width; i++) {
        if (!receive(&byte)) {
            return;
        }
        check ^= byte;
        count = count << 8 | byte;
    }
    if (count >= sizeof block) {
        refuse();
        return;
    }
    count++;
    for (uint32_t i = 0; i < count; i++) {
        if (!receive(&block[i])) {
            return;
        }
        check ^= block[i];
    }
    if (!receive(&byte)) {
        return;
    }
    slots_forget();
    if (check != byte || !in_slot(address, count) || !flash_write(address, block, count)) {
        refuse();
        return;
    }
    answer(ACK);
}

static bool erase_chosen(void) {
    bool erased = true;
    slots_forget();
    for (uint32_t page = FIRST_PAGE; page < PAGES; page++) {
        if (chosen[page / 32u] >> page % 32u & 1u) {
#if SBNN_WATCHDOG_OUTLIVES_RESET
            watchdog_feed();
#endif
            erased = flash_erase(SBNN_FLASH_ORIGIN + page * SBNN_FLASH_PAGE_BYTES) && erased;
        }
    }
    return erased;
}

/* Both erase commands, with numbers of `width` bytes, the highest byte first: the count less one (or a
 * code for all), that many page numbers, and the XOR of all these bytes. One page outside the slot
 * makes the whole command refused. */
static void erase(int width) {
    answer(ACK);
    uint8_t check = 0;
    bool allowed = true;
    uint32_t left = 1; /* numbers still to receive; the first says how many pages follow */
    memset(chosen, 0, sizeof chosen);
    for (bool first = true; left > 0u; first = false, left--) {
        uint32_t number = 0;
        for (int i = 0; i < width; i++) {
            uint8_t byte;
            if (!receive(&byte)) {
                return;
            }
            check ^= byte;
            number = number << 8 | byte;
        }
        if (!first) {
            if (number >= FIRST_PAGE && number < PAGES) {
                chosen[number / 32u] |= 1u << number % 32u;
            } else {
                allowed = false;
            }
        } else if (number == (width == 1 ? ERASE_ALL : EXTENDED_ERASE_ALL)) {
            memset(chosen, 0xFF, sizeof chosen);
            /* Erase ends with the count's complement, Extended Erase with the XOR of its bytes. */
            check = width == 1 ? 0x00u : check;
        } else if (number >= EXTENDED_ERASE_SPECIAL || number >= PAGES) {
            refuse(); /* a bank, or more pages than exist */
            return;
        } else {
            left += number + 1u;
            expect((number + 1u) * (uint32_t)width);
        }
    }
    uint8_t checksum;
    if (!receive(&checksum)) {
        return;
    }
    if (check != checksum || !allowed || !erase_chosen()) {
        refuse();
        return;
    }
    answer(ACK);
}

/* What an STM32's CRC unit computes: polynomial 0x04C11DB7, initial value all ones, words with their
 * highest bit first. A table of 16 entries handles four bits per step. */
static uint32_t checksum_of(const uint8_t *bytes, uint32_t count) {
    uint32_t table[16], crc = 0xFFFFFFFFu;
    for (uint32_t i = 0; i < 16u; i++) {
        uint32_t row = i << 28;
        for (int bit = 0; bit < 4; bit++) {
            row = row << 1 ^ (row >> 31) * 0x04C11DB7u;
        }
        table[i] = row;
    }
    for (uint32_t i = 0; i < count; i += 4u) {
        crc ^= bytes_load32(bytes + i);
        for (int nibble = 0; nibble < 8; nibble++) {
            crc = crc << 4 ^ table[crc >> 28];
        }
    }
    return crc;
}

/* Whether a host may have the checksum of these bytes. From those of two ranges that differ by a word,
 * the word follows: a bootloader that does not send flash computes them only of whole pages of the
 * slot. */
static bool may_check(uint32_t address, uint32_t count) {
#if SBNN_SENDS_FLASH
    return count % 4u == 0u && in_flash(address, count);
#else
    return count % SBNN_FLASH_PAGE_BYTES == 0u &&
           (address - SBNN_FLASH_ORIGIN) % SBNN_FLASH_PAGE_BYTES == 0u && in_slot(address, count);
#endif
}

/* Receives an address and a count of bytes, both multiples of 4, as `stm32flash -C` sends them. */
static void get_checksum(void) {
    uint32_t address, count;
    answer(ACK);
    if (!receive_address(&address)) {
        return;
    }
    if (address % 4u != 0u || !in_flash(address, 4)) {
        refuse();
        return;
    }
    answer(ACK);
    if (!receive_word(&count)) {
        return;
    }
    if (!may_check(address, count) || !flash_is_readable(address, count)) {
        refuse();
        return;
    }
    answer(ACK);
    const uint32_t crc = checksum_of(flash_at(address), count);
    uint8_t reply[6] = {ACK};
    for (int i = 0; i < 4; i++) {
        reply[1 + i] = (uint8_t)(crc >> (24 - 8 * i));
        reply[5] ^= reply[1 + i];
    }
    uart_send(reply, sizeof reply);
}

/* Receives a rate in baud and acknowledges it at the old rate. The new rate is kept only if a host
 * calls at it in time. */
static void speed(void) {
    uint32_t baud;
    answer(ACK);
    if (!receive_word(&baud)) {
        return;
    }
    if (!uart_can_speed(baud)) {
        refuse();
        return;
    }
    answer(ACK);
    uart_speed(baud);
    if (!an3155_called(counter_clock() + SPEED_TICKS)) {
        uart_speed(SBNN_UART_BAUD);
    }
}

/* Returns true if the application must be started. */
static bool go(void) {
    uint32_t address;
    answer(ACK);
    if (!receive_address(&address)) {
        return false;
    }
#if SBNN_FLASH_IS_EXTERNAL
    slots_forget(); /* a debugger may have written the slot since it was verified */
#endif
    refused = slots_choose_at(address);
    if (refused != IMAGE_WHOLE) {
        refuse();
        return false;
    }
    uart_deafen(); /* what the host sends now is for the application */
    answer(ACK);
    return true;
}

bool an3155_called(uint64_t until) {
    uint8_t byte;
    while (receive_until(&byte, until)) {
        if (byte == CALL) {
            answer(ACK);
            return true;
        }
    }
    return false;
}

void an3155_serve(void) {
    refused = setup_result() == SETUP_COMPLETE ? IMAGE_WHOLE : IMAGE_ON_OWN_CLOCK;
    for (;;) {
        uint8_t command, complement;
        (void)receive_until(&command, UART_NEVER);
        if (command == CALL) { /* not a command: another host calls, or the same one again */
            refuse();
            continue;
        }
        expect(0);
        if (!receive(&complement)) {
            continue;
        }
        /* A wrong complement is refused like an unknown command: CALL is none of these. */
        switch ((command ^ complement) == 0xFF ? command : CALL) {
        case GET:
            get();
            break;
        case GET_VERSION:
            get_version();
            break;
        case GET_ID:
            get_id();
            break;
        case SPEED:
            speed();
            break;
        case GET_CHECKSUM:
            get_checksum();
            break;
#ifdef SBNN_OPTION_REGISTERS
        case GET_OPTIONS:
            get_options();
            break;
#endif
#if SBNN_SENDS_FLASH
        case READ_MEMORY:
            read_memory();
            break;
#endif
        case WRITE_MEMORY:
            write_memory(1);
            break;
        case LONG_WRITE:
            write_memory(2);
            break;
        case ERASE:
            erase(1);
            break;
        case EXTENDED_ERASE:
            erase(2);
            break;
        case GO:
            if (go()) {
                return;
            }
            break;
        default:
            refuse();
            break;
        }
    }
}
