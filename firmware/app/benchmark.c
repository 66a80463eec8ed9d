/* The benchmark application: the agent's requests and no others. */
#include "app/application.h"

uint32_t application_answer(const frame *request, uint8_t *response, agent_next *next) {
    return agent_answer(request, response, next);
}
