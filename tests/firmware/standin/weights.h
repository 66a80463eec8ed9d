extern const float stand_in_weights_0[4];
