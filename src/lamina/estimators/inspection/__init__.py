"""What a fitted estimator shows of itself: findings, traces, surfaces, representations."""
