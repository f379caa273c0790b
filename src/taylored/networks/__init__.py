"""Networks: the multivariate chain rule, training, and error bars that hold."""
