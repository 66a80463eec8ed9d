/* A board without a sensor: only a host brings samples. */
#include "hal/uart.h"
#include "stream/sensor.h"

const uint32_t sensor_millihertz = 0;

bool sensor_start(void) {
    return false;
}

void sensor_stop(void) {
}

uint64_t sensor_work(void) {
    return UART_NEVER;
}
