/* The benchmark agent: answers the requests of docs/protocol.md about the model that it is linked
 * with. */
#ifndef SBNN_APP_AGENT_H
#define SBNN_APP_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/frame.h"

enum {
    AGENT_HELLO = 0x01,
    AGENT_WRITE_INPUT = 0x02,
    AGENT_INFER = 0x03,
    AGENT_PROFILE = 0x04,
    AGENT_READ_PROFILE = 0x05,
    AGENT_READ_OUTPUT = 0x06,
    AGENT_MEMORY = 0x07,
    AGENT_BOOTLOADER = 0x08,
    AGENT_WRITE_CODED = 0x09,
    AGENT_SPEED = 0x0A,
    AGENT_CLASSES = 0x0B,
    AGENT_WEIGHTS = 0x0C,
    AGENT_CONFIRM = 0x0D,
};

/* Call once, before the first request. */
void agent_open(void);

/* For other code that runs the model: the staged input, the last output (zeros before the first
 * inference), and one inference. agent_infer returns the ticks that it took. */
uint8_t *agent_input(void);
const uint8_t *agent_output(void);
uint64_t agent_infer(void);

/* What the caller must do after the response is sent. */
typedef struct {
    bool leave;    /* reset into the bootloader */
    uint32_t baud; /* change to this rate; 0 for no change */
} agent_next;

/* Write the response to `request` to the FRAME_MAX_BYTES at `response`. Returns the number of bytes to
 * send; 0 if the frame is not a request. */
uint32_t agent_answer(const frame *request, uint8_t *response, agent_next *next);

#endif
