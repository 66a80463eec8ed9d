/* The one function that distinguishes one application from another; main.c calls it for each frame.
 *
 * app/benchmark.c answers the agent's requests only; stream/stream.c adds a live stream. Your own
 * application can do the same. */
#ifndef SBNN_APP_APPLICATION_H
#define SBNN_APP_APPLICATION_H

#include "app/agent.h"

/* Same contract as agent_answer. */
uint32_t application_answer(const frame *request, uint8_t *response, agent_next *next);

#endif
