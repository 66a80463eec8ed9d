/* The benchmark application: frames in, frames out, until it is sent into the bootloader. */
#include "app/agent.h"
#include "app/eembc.h"
#include "board.h"
#include "hal/counter.h"
#include "hal/cpu.h"
#include "hal/stay.h"
#include "hal/uart.h"
#include "runtime/frame.h"

#define PATIENCE_TICKS                                                                                 \
    (SBNN_COUNTER_HZ / 5u) /* 200 ms without a byte end a frame that is not whole                      \
                            */

static frame_decoder decoder;
static uint8_t response[FRAME_MAX_BYTES];

static void answer(const frame *request) {
    bool leave;
    const uint32_t count = agent_answer(request, response, &leave);
    if (leave) {
        uart_deafen(); /* what follows is for the bootloader */
    }
    uart_send(response, count);
    if (leave) {
        uart_drain();
        stay_request();
        cpu_reset();
    }
}

int main(void) {
    counter_open();
    agent_open();
    uart_open();
    for (;;) {
        uint8_t byte;
        const uint64_t deadline = frame_begun(&decoder) ? counter_clock() + PATIENCE_TICKS : UART_NEVER;
        if (uart_receive(&byte, deadline)) {
            if (byte == FRAME_FIRST || frame_begun(&decoder)) {
                frame_push(&decoder, byte);
            } else {
                eembc_push(byte);
            }
        } else {
            frame_expire(&decoder);
        }
        frame request;
        while (frame_next(&decoder, &request)) {
            answer(&request);
        }
    }
}
