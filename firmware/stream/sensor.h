/* The sensor whose samples `sensor-bnn record` stores. Write a C file that defines the four functions
 * and the rate for yours, and build it in: `sensor-bnn build --application stream --sensor
 * my_sensor.c`. */
#ifndef SBNN_STREAM_SENSOR_H
#define SBNN_STREAM_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

/* Samples per 1000 seconds; 0 if it is not known. */
extern const uint32_t sensor_millihertz;

/* Start sampling: from now on, give each sample to stream_sample. Returns false if there is no sensor,
 * or if it does not answer. */
bool sensor_start(void);

/* Stop sampling. */
void sensor_stop(void);

/* Called by the main loop, for a sensor without an interrupt: take the samples that are due. Returns
 * the counter_clock() at which it must be called again, or UART_NEVER. The loop is late by the time of
 * one inference or response, so take as many samples as are due. */
uint64_t sensor_work(void);

/* Give one sample, a value of each of the model's channels, from sensor_work or from an interrupt. */
void stream_sample(const sbnn_sample values[SBNN_MODEL_CHANNELS]);

#endif
