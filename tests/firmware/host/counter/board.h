#ifndef SBNN_BOARD_H
#define SBNN_BOARD_H

#define SBNN_COUNTER_HZ 2500u /* a wait period of only 25 ticks, so that the timer wraps often */

#endif
