extern const float standin_weights[4];
