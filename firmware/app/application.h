/* The two functions that distinguish one application from another; main.c calls one for each frame, and
 * the other in each turn of its loop.
 *
 * app/benchmark.c answers the agent's requests only; stream/stream.c adds a live stream. Your own
 * application can do the same. */
#ifndef SBNN_APP_APPLICATION_H
#define SBNN_APP_APPLICATION_H

#include "app/agent.h"

/* Same contract as agent_answer. */
uint32_t application_answer(const frame *request, uint8_t *response, agent_next *next);

/* Do what is due without a request. Returns the counter_clock() at which it must be called again, or
 * UART_NEVER. */
uint64_t application_work(void);

#endif
