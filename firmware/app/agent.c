#include "app/agent.h"

#include <string.h>

#include "app/confirm.h"
#include "app/header.h"
#include "board.h"
#include "hal/counter.h"
#include "hal/energy.h"
#include "hal/flash.h"
#include "hal/memory.h"
#include "hal/uart.h"
#include "hal/watchdog.h"
#include "model.h"
#include "runtime/bytes.h"
#include "runtime/crc32.h"
#include "weights.h"

#ifdef SBNN_SOURCES_NOT_CHECKED
#error                                                                                                 \
    "Compile all files with -DSBNN_CARRY_SOURCES or, if the bundle's files were compared, -DSBNN_BUNDLE_VERIFIED."
#endif

#define WORDS(bytes) (((bytes) + 3u) / 4u)
#define PROFILE_ENTRIES                                                                                \
    ((FRAME_MAX_PAYLOAD - 8u) / 8u) /* layers that one READ_PROFILE response can hold */

/* The arena has a section of its own, so that start-up does not clear it: it is filled with paint words
 * instead, which show how much of it was used. */
__attribute__((section(".arena"))) static _Alignas(16) uint32_t arena[WORDS(SBNN_MODEL_ARENA_BYTES)];

static _Alignas(16) uint8_t input[SBNN_MODEL_INPUT_BYTES];
static _Alignas(16) uint8_t output[SBNN_MODEL_OUTPUT_BYTES];
static uint64_t layer_ticks[SBNN_MODEL_LAYER_COUNT];
static uint64_t layer_begun;
static uint64_t
    reading_ticks; /* ticks that reading the counter takes; subtracted from every measurement */
static bool has_output;
static bool has_profile;

/* The response under construction. */
typedef struct {
    uint8_t *payload;
    uint32_t length;
} reply;

static void put(reply *to, const void *bytes, uint32_t count) {
    memcpy(to->payload + to->length, bytes, count);
    to->length += count;
}

static void put32(reply *to, uint32_t value) {
    bytes_store32(to->payload + to->length, value);
    to->length += 4u;
}

static void put64(reply *to, uint64_t value) {
    bytes_store64(to->payload + to->length, value);
    to->length += 8u;
}

/* Append at most `limit` characters of `text`, then a NUL. */
static void put_text(reply *to, const char *text, uint32_t limit) {
    for (uint32_t i = 0; i < limit && text[i] != '\0'; i++) {
        put(to, &text[i], 1);
    }
    put(to, "", 1);
}

static uint64_t elapsed(uint64_t from, uint64_t to) {
    const uint64_t ticks = to - from;
    return ticks > reading_ticks ? ticks - reading_ticks : 0u;
}

static void layer_done(void *context, uint32_t layer) {
    const uint64_t now = counter_now();
    (void)context;
    if (layer < SBNN_MODEL_LAYER_COUNT) {
        layer_ticks[layer] = elapsed(layer_begun, now);
    }
    layer_begun = counter_now();
}

/* Run one inference on the staged input. Returns the ticks that it took. */
static uint64_t infer(const sbnn_observer *observer) {
    watchdog_feed();
    counter_measure_mode();
    const uint64_t before = counter_now();
    /* Two reads of the counter, one directly after the other, measure what a read takes. */
    reading_ticks = 0;
    reading_ticks = elapsed(before, counter_now());
    energy_raise();
    const uint64_t begun = counter_now();
    layer_begun = begun;
    sbnn_model_invoke(arena, input, output, observer);
    const uint64_t ended = counter_now();
    energy_lower();
    counter_wait_mode();
    has_output = true;
    return elapsed(begun, ended);
}

static uint8_t hello(const frame *request, reply *to) {
    if (request->length != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    put(to, sbnn_model_hash, 32);
    put32(to, SBNN_COUNTER_HZ);
    put32(to, SBNN_MODEL_INPUT_BYTES);
    put32(to, SBNN_MODEL_OUTPUT_BYTES);
    put32(to, SBNN_MODEL_LAYER_COUNT);
    put32(to, SBNN_MODEL_ARENA_BYTES);
    put32(to, FRAME_MAX_PAYLOAD);
    put_text(to, SBNN_BOARD_NAME, sizeof header.board);
    put_text(to, counter_name(), 16);
    put_text(to, sbnn_model_name, 256);
    put_text(to, header.firmware_version, sizeof header.firmware_version);
    return FRAME_STATUS_OK;
}

static uint8_t write_input(const frame *request) {
    if (request->length < 4u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t offset = bytes_load32(request->payload);
    const uint32_t count = request->length - 4u;
    if (offset > sizeof input || count > sizeof input - offset) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    memcpy(input + offset, request->payload + 4, count);
    return FRAME_STATUS_OK;
}

#if SBNN_MODEL_INPUT_IS_FLOAT
#define INPUT_VALUES (SBNN_MODEL_INPUT_BYTES / 4u)

/* For float32 inputs only: integers are short as they are, and a core may have no division of floats.
 * Each byte codes a float32 value: (byte - zero) / divisor. It is a single IEEE division, so the host
 * can compute every bit of the result. The bytes are compressed as in PackBits: a control byte n < 128
 * and n + 1 bytes, or n >= 128 and one byte that is repeated n - 126 times. */
static uint8_t write_coded(const frame *request) {
    if (request->length < 12u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    uint32_t at = bytes_load32(request->payload);
    const uint32_t zero = bytes_load32(request->payload + 4);
    const uint32_t divisor_bits = bytes_load32(request->payload + 8);
    float divisor;
    memcpy(&divisor, &divisor_bits, sizeof divisor);
    const uint8_t *code = request->payload + 12;
    const uint8_t *const end = request->payload + request->length;
    while (code < end) {
        const uint32_t control = *code++;
        const bool repeats = control >= 128u;
        const uint32_t count = repeats ? control - 126u : control + 1u;
        if ((uint32_t)(end - code) < (repeats ? 1u : count)) {
            return FRAME_STATUS_BAD_LENGTH;
        }
        if (at > INPUT_VALUES || count > INPUT_VALUES - at) {
            return FRAME_STATUS_OUT_OF_RANGE;
        }
        for (uint32_t i = 0; i < count; i++) {
            const float value = (float)(int32_t)(code[repeats ? 0u : i] - zero) / divisor;
            memcpy(input + 4u * at++, &value, sizeof value);
        }
        code += repeats ? 1u : count;
    }
    return FRAME_STATUS_OK;
}
#endif

static uint8_t run(const frame *request, reply *to) {
    if (request->length != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    put64(to, infer(NULL));
    return FRAME_STATUS_OK;
}

static uint8_t profile(const frame *request, reply *to) {
    static const sbnn_observer observer = {layer_done, NULL};
    if (request->length != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    put64(to, infer(&observer));
    put32(to, SBNN_MODEL_LAYER_COUNT);
    has_profile = true;
    return FRAME_STATUS_OK;
}

static uint8_t read_profile(const frame *request, reply *to) {
    if (request->length != 4u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t first = bytes_load32(request->payload);
    if (first >= SBNN_MODEL_LAYER_COUNT) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    if (!has_profile) {
        return FRAME_STATUS_NO_RESULT;
    }
    const uint32_t rest = SBNN_MODEL_LAYER_COUNT - first;
    const uint32_t count = rest < PROFILE_ENTRIES ? rest : PROFILE_ENTRIES;
    put32(to, first);
    put32(to, count);
    for (uint32_t i = 0; i < count; i++) {
        put64(to, layer_ticks[first + i]);
    }
    return FRAME_STATUS_OK;
}

static uint8_t read_output(const frame *request, reply *to) {
    if (request->length != 8u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t offset = bytes_load32(request->payload);
    const uint32_t count = bytes_load32(request->payload + 4);
    if (offset > sizeof output || count > sizeof output - offset || count > FRAME_MAX_PAYLOAD) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    if (!has_output) {
        return FRAME_STATUS_NO_RESULT;
    }
    put(to, output + offset, count);
    return FRAME_STATUS_OK;
}

static uint8_t memory(const frame *request, reply *to) {
    if (request->length != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t used = memory_high_water(arena, WORDS(SBNN_MODEL_ARENA_BYTES));
    put32(to, SBNN_MODEL_ARENA_BYTES);
    put32(to, used < SBNN_MODEL_ARENA_BYTES ? used : SBNN_MODEL_ARENA_BYTES);
    put32(to, memory_stack_bytes());
    put32(to, memory_stack_high_water());
    put32(to, memory_static_bytes());
    put32(to, header.image_bytes);
    return FRAME_STATUS_OK;
}

static uint8_t speed(const frame *request, agent_next *next) {
    if (request->length != 4u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t baud = bytes_load32(request->payload);
    if (!uart_can_speed(baud)) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    next->baud = baud;
    return FRAME_STATUS_OK;
}

/* Payload: u32 offset in the names of all classes, each of which ends with a NUL. The response is u32,
 * the bytes of all names, and those from the offset on, as many as fit. A model without names has 0
 * bytes. */
static uint8_t classes(const frame *request, reply *to) {
    if (request->length != 4u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t offset = bytes_load32(request->payload);
    uint32_t total = 0;
    put32(to, 0);
#if SBNN_MODEL_CLASS_COUNT > 0
    for (uint32_t i = 0; i < SBNN_MODEL_CLASS_COUNT; i++) {
        const char *name = sbnn_model_class_names[i];
        do {
            if (total >= offset && to->length < FRAME_MAX_PAYLOAD) {
                put(to, name, 1);
            }
            total++;
        } while (*name++ != '\0');
    }
#endif
    if (offset > total) {
        to->length = 0;
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    bytes_store32(to->payload, total);
    return FRAME_STATUS_OK;
}

/* The CRC-32 of the code of the bundle's kernels.o as it is in memory now, with zeros where the linker
 * wrote addresses; docs/protocol.md has the numbers of SBNN_KERNELS_GAPS. Returns its bytes: 0 for a
 * bundle that does not say where the code is. */
static uint32_t kernels(uint32_t *crc) {
#ifdef SBNN_KERNELS_BYTES
    enum { LONGEST = 255, GAP = 4 };
    extern void SBNN_KERNELS_FUNCTION(void);
    static const uint8_t pieces[] = {SBNN_KERNELS_GAPS};
    static const uint8_t zeros[GAP];
    /* Without Thumb's mark; code that is read as data may have another address. */
    uintptr_t start =
        ((uintptr_t)SBNN_KERNELS_FUNCTION & ~(uintptr_t)1) - SBNN_KERNELS_OFFSET - SBNN_CODE_OFFSET;
    uint32_t at = 0;
    for (uint32_t i = 0; i < sizeof pieces; i++) {
        watchdog_feed();
        uint32_t bytes = 2u * pieces[i];
        bytes = bytes < SBNN_KERNELS_BYTES - at ? bytes : SBNN_KERNELS_BYTES - at;
        *crc = crc32_update(*crc, (const uint8_t *)(start + at), bytes);
        at += bytes;
        if (pieces[i] != LONGEST) {
            uint32_t gap = GAP < SBNN_KERNELS_BYTES - at ? GAP : SBNN_KERNELS_BYTES - at;
            *crc = crc32_update(*crc, zeros, gap);
            at += gap;
        }
    }
    return at;
#else
    (void)crc;
    return 0;
#endif
}

/* The response is u32, the bytes of all weights, and u32, their CRC-32, and the same two of the
 * kernels: as they are in memory now, so a host also sees what a build without the bundle's own check
 * has linked. After them, if the build carries the texts of the bundle's C files, u32, the bytes of
 * those (the bundle's model.h). */
static uint8_t weights(const frame *request, reply *to) {
    if (request->length != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    uint32_t bytes = 0, crc = 0;
#define ADD(constant)                                                                                  \
    watchdog_feed();                                                                                   \
    crc = crc32_update(crc, (const uint8_t *)constant, sizeof constant);                               \
    bytes += (uint32_t)sizeof constant;
    SBNN_WEIGHTS(ADD)
#undef ADD
    put32(to, bytes);
    put32(to, crc);
    crc = 0;
    put32(to, kernels(&crc));
    put32(to, crc);
#ifdef SBNN_SOURCES_BYTES
    put32(to, SBNN_SOURCES_BYTES);
#endif
    return FRAME_STATUS_OK;
}

#if !SBNN_MCUBOOT
static uint8_t enter_bootloader(const frame *request, agent_next *next) {
    if (request->length != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    next->leave = true;
    return FRAME_STATUS_OK;
}
#endif

#if SBNN_MCUBOOT
/* The header is a part of the image; the CRC-32 is of the bytes before it and after it. */
static uint32_t image_crc32(void) {
    const uint8_t *const image = flash_at(header.address + SBNN_MCUBOOT_HEADER_BYTES);
    const uint32_t before = (uint32_t)((uintptr_t)&header - (uintptr_t)image);
    return crc32_update(crc32_update(0, image, before), image + before + sizeof header,
                        header.image_bytes - before);
}
#else
static uint32_t image_crc32(void) {
    return crc32_update(0, flash_at(header.address + IMAGE_HEADER_BYTES), header.image_bytes);
}
#endif

/* Whether the image is in flash as it was built, and one inference ends: if it hangs, that ends in the
 * watchdog's reset. */
static bool passes_self_test(void) {
    if (image_crc32() != header.image_crc32) {
        return false;
    }
    (void)infer(NULL);
    return true;
}

/* Confirm the image, if it holds the model that the host expects and passes its self-test. */
static uint8_t confirm_model(const frame *request) {
    if (request->length != sizeof header.model_hash) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    if (memcmp(request->payload, sbnn_model_hash, sizeof header.model_hash) != 0) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
#if !SBNN_MCUBOOT
    if (SBNN_JOURNAL_BYTES == 0) {
        return FRAME_STATUS_OK;
    }
#endif
    return passes_self_test() && confirm() ? FRAME_STATUS_OK : FRAME_STATUS_NO_RESULT;
}

static uint8_t serve(const frame *request, reply *to, agent_next *next) {
    if (request->fault != FRAME_STATUS_OK) {
        return request->fault;
    }
    switch (request->type) {
    case AGENT_HELLO:
        return hello(request, to);
    case AGENT_WRITE_INPUT:
        return write_input(request);
    case AGENT_INFER:
        return run(request, to);
    case AGENT_PROFILE:
        return profile(request, to);
    case AGENT_READ_PROFILE:
        return read_profile(request, to);
    case AGENT_READ_OUTPUT:
        return read_output(request, to);
    case AGENT_MEMORY:
        return memory(request, to);
#if SBNN_MODEL_INPUT_IS_FLOAT
    case AGENT_WRITE_CODED:
        return write_coded(request);
#endif
#if !SBNN_MCUBOOT /* a reset would start the image again */
    case AGENT_BOOTLOADER:
        return enter_bootloader(request, next);
#endif
    case AGENT_SPEED:
        return speed(request, next);
    case AGENT_CLASSES:
        return classes(request, to);
    case AGENT_CONFIRM:
        return confirm_model(request);
    case AGENT_WEIGHTS:
        return weights(request, to);
    default:
        return FRAME_STATUS_UNKNOWN_TYPE;
    }
}

uint8_t *agent_input(void) {
    return input;
}

const uint8_t *agent_output(void) {
    return output;
}

uint64_t agent_infer(void) {
    return infer(NULL);
}

void agent_open(void) {
    memory_paint(arena, WORDS(SBNN_MODEL_ARENA_BYTES));
}

uint32_t agent_answer(const frame *request, uint8_t *response, agent_next *next) {
    *next = (agent_next){false, 0};
    if (request->type &
        FRAME_RESPONSE) { /* an echo of our own response, or noise: an answer could be echoed again */
        return 0;
    }
    reply to = {response + FRAME_HEADER_BYTES, 0};
    const uint8_t status = serve(request, &to, next);
    return frame_seal(response, request->sequence, request->type | FRAME_RESPONSE, status, to.length);
}
