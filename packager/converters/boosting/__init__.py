"""XGBoost and LightGBM: their files read by us, their trees written by us; they give their own answers."""
