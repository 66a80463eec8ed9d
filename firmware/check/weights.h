#ifndef SBNN_WEIGHTS_H
#define SBNN_WEIGHTS_H

extern const float check_weights_0[1];

#define SBNN_WEIGHTS(X) X(check_weights_0)

#endif
