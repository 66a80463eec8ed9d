/* The main loop of every application: receive frames and send responses, until a host sends it into the
 * bootloader. */
#include "app/agent.h"
#include "app/application.h"
#include "app/eembc.h"
#include "board.h"
#include "hal/counter.h"
#include "hal/cpu.h"
#include "hal/memory.h"
#include "hal/stay.h"
#include "hal/uart.h"
#include "hal/watchdog.h"
#include "runtime/frame.h"

#define PATIENCE_TICKS (SBNN_COUNTER_HZ / 5u) /* 200 ms without a byte: give up an incomplete frame */
#define SPEED_TICKS                                                                                    \
    (3u *                                                                                              \
     (uint64_t)                                                                                        \
         SBNN_COUNTER_HZ) /* 3 s: a host that is silent for so long may not know the changed rate */

#define FEED_TICKS ((uint64_t)SBNN_COUNTER_HZ) /* feed the watchdog at least once a second */

const stay_reason stay_after_fault = STAY_CRASHED;

static frame_decoder decoder;
static uint8_t response[FRAME_MAX_BYTES];

static uint64_t slow_again; /* when to return to the rate of board.h; 0 while at that rate */

static void answer(const frame *request) {
    agent_next next;
    const uint32_t count = application_answer(request, response, &next);
    if (next.leave) {
        uart_deafen(); /* the bytes that follow are for the bootloader */
    }
    /* At the rate of the request; only then is the rate changed. */
    uart_send(response, count);
    if (next.leave) {
        /* The reset would cut off what is still being sent. */
        uart_drain();
        stay_request(STAY_ASKED);
        cpu_reset();
    }
    if (next.baud != 0u) {
        uart_speed(next.baud);
        slow_again = next.baud == SBNN_UART_BAUD ? 0u : UART_NEVER;
    }
    if (slow_again != 0u && request->fault == FRAME_STATUS_OK) {
        slow_again = counter_clock() + SPEED_TICKS;
    }
}

static void go_slow_again(void) {
    if (counter_clock() >= slow_again) {
        slow_again = 0;
        uart_speed(SBNN_UART_BAUD);
    }
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

int main(void) {
#if SBNN_MCUBOOT
    watchdog_start(); /* our own bootloader starts it before the image */
#endif
    cpu_use_caches();
    memory_load_weights();
    counter_open();
    agent_open();
    uart_open();
    for (;;) {
        uint8_t byte;
        watchdog_feed();
        const uint64_t work = application_work();
        const uint64_t hunger = least(counter_clock() + FEED_TICKS, work);
        const uint64_t patience = frame_begun(&decoder) ? counter_clock() + PATIENCE_TICKS : UART_NEVER;
        const uint64_t slowness = slow_again != 0u ? slow_again : UART_NEVER;
        if (uart_receive(&byte, least(hunger, least(patience, slowness)))) {
            /* FRAME_FIRST is no text character: it tells frames from EEMBC's text commands. */
            if (byte == FRAME_FIRST || frame_begun(&decoder)) {
                frame_push(&decoder, byte);
            } else {
                eembc_push(byte);
            }
        } else if (counter_clock() >= patience) {
            frame_expire(&decoder);
        }
        frame request;
        while (frame_next(&decoder, &request)) {
            answer(&request);
        }
        if (slow_again != 0u) {
            go_slow_again();
        }
    }
}
