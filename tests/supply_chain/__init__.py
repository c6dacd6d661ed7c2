"""Is what is installed recent enough, and does the README say of all of it what it is for?"""
