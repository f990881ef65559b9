from sklearn.linear_model import LogisticRegression


def make_model():
    return LogisticRegression()
