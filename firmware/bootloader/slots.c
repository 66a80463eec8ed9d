#include "bootloader/slots.h"

#include <string.h>

#include "board.h"
#include "hal/cpu.h"
#include "hal/flash.h"
#include "hal/watchdog.h"
#include "runtime/difference.h"
#include "runtime/ed25519.h"
#include "runtime/journal.h"

#define MOST_STARTS 3u /* of an image that does not confirm itself, if another image exists */

static journal state;
static bool is_loaded;
static uint32_t spare; /* the slot for the next image */

/* What the slots hold, as found since the last change of flash: reading an image takes most of the time
 * from reset to its start. */
static struct {
    bool is_known;
    image_verdict verdict;
    uint32_t proof; /* PROOF if the second comparisons of digest and signature found them equal, too */
} found[JOURNAL_SLOTS];

/* Far from 0, from all ones, and from what a skipped load or store is likely to leave. */
#define PROOF 0xA53C5AC3u

/* An image in the first slot may extend into the second. Then the second slot holds no image. */
static uint32_t origin_of(uint32_t slot) {
    return slot == 0u ? SBNN_SLOT_ORIGIN : SBNN_SECOND_SLOT_ORIGIN;
}

static const image_header *header_of(uint32_t slot) {
    return (const image_header *)(const void *)flash_at(origin_of(slot));
}

/* Whether reading the slot's header and image faults nowhere. A size that does not fit the slot is
 * found later. */
static bool is_readable(uint32_t slot) {
    const uint32_t origin = origin_of(slot);
    const uint32_t room = SBNN_SLOT_ORIGIN + SBNN_SLOT_BYTES - origin - IMAGE_HEADER_BYTES;
    return flash_is_readable(origin, IMAGE_HEADER_BYTES) &&
           (header_of(slot)->image_bytes > room ||
            flash_is_readable(origin + IMAGE_HEADER_BYTES, header_of(slot)->image_bytes));
}

/* By which the journal knows the image; 0 if its header cannot be read. */
static uint32_t id_of(uint32_t slot) {
    return flash_is_readable(origin_of(slot), IMAGE_HEADER_BYTES) ? header_of(slot)->header_crc32 : 0u;
}

#ifdef SBNN_PUBLIC_KEY

static image_verdict check_signature(const image_header *header, uint32_t *difference) {
    static const ed25519_key key = {SBNN_PUBLIC_KEY, SBNN_PUBLIC_KEY_MINUS_X};
    static uint8_t none[ED25519_SIGNATURE_BYTES]; /* zeros; not const, so that it takes no flash */
    if (memcmp(header->signature, none, sizeof none) == 0) {
        return IMAGE_UNSIGNED;
    }
    if (!ed25519_verify(header->signature, &key, (const uint8_t *)header, IMAGE_SIGNED_BYTES,
                        difference)) {
        return IMAGE_FORGED;
    }
    return header->counter < state.counter ? IMAGE_OLDER : IMAGE_WHOLE;
}

#else

static image_verdict check_signature(const image_header *header, uint32_t *difference) {
    (void)header;
    *difference = 0;
    return IMAGE_WHOLE;
}

#endif

static image_verdict judge(uint32_t slot) {
    static const char board[sizeof((image_header *)0)->board] = SBNN_BOARD_NAME;
    if (!found[slot].is_known) {
        const uint32_t origin = origin_of(slot);
        uint32_t digests = DIFFERENCE_UNKNOWN, signatures = DIFFERENCE_UNKNOWN;
        const image_verdict verdict =
            is_readable(slot)
                ? image_check(flash_at(origin), SBNN_SLOT_ORIGIN + SBNN_SLOT_BYTES - origin, origin,
                              board, &digests)
                : IMAGE_DAMAGED;
        found[slot].verdict =
            verdict == IMAGE_WHOLE ? check_signature(header_of(slot), &signatures) : verdict;
        found[slot].proof = PROOF ^ (digests | signatures);
        found[slot].is_known = true;
    }
    return found[slot].verdict;
}

void slots_forget(void) {
    memset(found, 0, sizeof found);
}

static bool is_confirmed(uint32_t slot) {
    return state.starts[slot] == JOURNAL_CONFIRMED;
}

/* Make the slot's image the one to start. Its starts are counted from 0, unless it is known and
 * confirmed. */
static void prefer(uint32_t slot) {
    const uint32_t id = header_of(slot)->header_crc32;
    if (state.known[slot] != id || !is_confirmed(slot)) {
        state.starts[slot] = 0;
    }
    state.known[slot] = id;
    state.current = (uint8_t)slot;
}

static bool may_start(uint32_t slot) {
    return (is_confirmed(slot) || state.starts[slot] < MOST_STARTS) && judge(slot) == IMAGE_WHOLE;
}

static void load(void) {
    if (!is_loaded) {
        journal_load(&state);
        is_loaded = true;
    }
}

bool slots_choose(bool crashed) {
    load();
    for (uint32_t slot = 0; slot < SBNN_SLOTS; slot++) {
        /* A header that the journal does not know was written since the last start: it is the newest
         * image. */
        if (id_of(slot) != state.known[slot] && judge(slot) == IMAGE_WHOLE) {
            prefer(slot);
        }
    }
    const uint32_t other = 1u - state.current;
    const bool whole = judge(state.current) == IMAGE_WHOLE;
    spare = SBNN_SLOTS == 2 && whole ? other : state.current;
    const bool failed = !whole || (!is_confirmed(state.current) &&
                                   (crashed || state.starts[state.current] >= MOST_STARTS));
    if (SBNN_SLOTS == 2 && failed && may_start(other)) {
        spare = state.current;
        state.current = (uint8_t)other;
        return true;
    }
    return whole;
}

bool slots_record(void) {
    /* The count stops where it makes an image give way: 255 would mean that the image is confirmed. */
    if (SBNN_SLOTS == 2 && state.starts[state.current] < MOST_STARTS) {
        state.starts[state.current]++;
    }
    return journal_store(&state) || is_confirmed(state.current);
}

image_verdict slots_choose_at(uint32_t address) {
    load();
    for (uint32_t slot = 0; slot < SBNN_SLOTS; slot++) {
        if (address == origin_of(slot) || address == origin_of(slot) + IMAGE_HEADER_BYTES) {
            const image_verdict verdict = judge(slot);
            if (verdict != IMAGE_WHOLE) {
                return verdict;
            }
            prefer(slot);
            return slots_record() ? IMAGE_WHOLE : IMAGE_UNRECORDED;
        }
    }
    return IMAGE_NONE;
}

uint8_t slots_features(void) {
    uint8_t features = 0;
#ifdef SBNN_PUBLIC_KEY
    features |= SLOTS_CHECK_SIGNATURES | (SBNN_JOURNAL_BYTES ? SLOTS_REFUSE_OLDER : 0u);
#endif
    if (SBNN_SLOTS == 2) {
        features |= SLOTS_ARE_TWO | (spare == 1u ? SLOTS_SPARE_IS_SECOND : 0u);
    }
    return features;
}

noreturn void slots_start(void) {
    const uint32_t slot = state.current;
    const volatile uint32_t *const proof = &found[slot].proof;
    watchdog_start();
    /* Both decisions again, whatever has led here. The second is also a part of the address, so that
     * the program does not reach the image by skipping the comparisons. */
    if (!found[slot].is_known || found[slot].verdict != IMAGE_WHOLE) {
        cpu_reset();
    }
    if (*proof != PROOF) {
        cpu_reset();
    }
    cpu_start(origin_of(slot) + IMAGE_HEADER_BYTES + (*proof ^ PROOF));
}
