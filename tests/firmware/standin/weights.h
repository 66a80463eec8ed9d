extern const float stand_in_weights_0[4];

#define SBNN_WEIGHTS(X) X(stand_in_weights_0)
