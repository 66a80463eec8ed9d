/* What main.c serves: the one function that makes an application of it.
 *
 * app/benchmark.c answers as the agent does; stream/stream.c adds a live stream. Yours may do as it. */
#ifndef SBNN_APP_APPLICATION_H
#define SBNN_APP_APPLICATION_H

#include "app/agent.h"

/* As agent_answer. */
uint32_t application_answer(const frame *request, uint8_t *response, agent_next *next);

#endif
