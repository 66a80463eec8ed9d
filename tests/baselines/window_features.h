/* What a forest and a linear model read instead of a window. */
#ifndef WINDOW_FEATURES_H
#define WINDOW_FEATURES_H
#include <stdint.h>

#define CHANNELS 6
#define LENGTH 100
#define EACH 11 /* features of a channel */

void features(const int16_t window[CHANNELS][LENGTH], int16_t to[CHANNELS * EACH]);
#endif
