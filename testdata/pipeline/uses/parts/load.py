print("${{ not.a.template }}")
