#include "app/confirm.h"

#include "app/header.h"
#include "board.h"
#include "runtime/journal.h"

bool confirm(void) {
    static bool done;
    if (done || SBNN_JOURNAL_BYTES == 0) {
        return true;
    }
    /* Slot 0 begins at SBNN_SLOT_ORIGIN, slot 1 anywhere else. */
    const uint8_t slot = header.address != SBNN_SLOT_ORIGIN;
    journal state;
    journal_load(&state);
    state.known[slot] = header.header_crc32;
    state.starts[slot] = JOURNAL_CONFIRMED;
    state.current = slot;
    if (header.counter > state.counter) {
        state.counter = header.counter;
    }
    /* Both are one record: no image is confirmed whose counter is not stored. */
    done = journal_store(&state);
    return done;
}
