"""Pictures of networks, in scikit-learn's Display convention. matplotlib is imported when one is drawn."""
