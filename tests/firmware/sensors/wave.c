/* A made sensor: sample n of channel c is (37 (c + 1) n) mod 401 - 200, 100 times a second. */
#include "board.h"
#include "hal/counter.h"
#include "hal/uart.h"
#include "stream/sensor.h"

#define PERIOD ((uint64_t)SBNN_COUNTER_HZ / 100u)

const uint32_t sensor_millihertz = 100000;

static uint64_t due;
static uint32_t number;

bool sensor_start(void) {
    number = 0;
    due = counter_clock() + PERIOD;
    return true;
}

void sensor_stop(void) {
}

uint64_t sensor_work(void) {
    while (counter_clock() >= due) {
        sbnn_sample sample[SBNN_MODEL_CHANNELS];
        for (uint32_t channel = 0; channel < SBNN_MODEL_CHANNELS; channel++) {
            sample[channel] = (sbnn_sample)((int32_t)(37u * (channel + 1u) * number % 401u) - 200);
        }
        stream_sample(sample);
        number++;
        due += PERIOD;
    }
    return due;
}
