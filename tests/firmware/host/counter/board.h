#ifndef SBNN_BOARD_H
#define SBNN_BOARD_H

#define SBNN_COUNTER_HZ 2500u /* a period of 25 ticks while waiting: wraps are everywhere */

#endif
