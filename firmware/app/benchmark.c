/* The benchmark application: the agent's requests and no others. */
#include "app/application.h"

#include "hal/uart.h"

uint32_t application_answer(const frame *request, uint8_t *response, agent_next *next) {
    return agent_answer(request, response, next);
}

uint64_t application_work(void) {
    return UART_NEVER;
}
