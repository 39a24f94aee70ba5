"""scikit-learn's world: the estimators, their hyper-parameters and what a fit goes through."""
